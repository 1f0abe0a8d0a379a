#include "node/node.h"

#include <fmt/core.h>

#include "base/memory_account.h"
#include "catalog/catalog_machine.h"
#include "catalog/catalog_writer.h"
#include "connectors/builtin.h"
#include "connectors/log/error_records.h"
#include "expr/registry.h"
#include "functions/builtin.h"
#include "io/await.h"
#include "jobs/run_job.h"
#include "log/log.h"
#include "plan/bind/read_definition.h"
#include "session/resources.h"
#include "traits/connector_registry.h"

namespace millrace::node {
namespace {

// Below network loops and the ring's writer, which a busy query must not delay.
constexpr int kWorkerNice = 5;

traits::ConnectorRegistry register_traits(const connectors::Connectors& connectors,
                                          const formats::Formats& formats) {
  traits::ConnectorRegistry registry;
  for (const auto* connector : connectors.all()) registry.add(connector->traits());
  for (const auto& format : formats.all()) registry.add(format->traits());
  return registry;
}

expr::FunctionRegistry register_functions() {
  expr::FunctionRegistry registry;
  functions::register_builtin_functions(registry);
  return registry;
}

}  // namespace

// In the order in which they are built; destroyed in the reverse one.
struct Node::Modules {
  Modules(io::World given, NodeOptions chosen)
      : world(given), options(std::move(chosen)), reader(functions, registry), machine(reader) {}

  io::World world;
  NodeOptions options;
  MemoryAccount memory{"process"};
  const expr::FunctionRegistry functions = register_functions();
  const connectors::Connectors connectors = connectors::builtin_connectors();
  const formats::Formats formats = formats::builtin_formats();
  const traits::ConnectorRegistry registry = register_traits(connectors, formats);
  plan::StatementDefinitionReader reader;
  catalog::CatalogMachine machine;
  broker::Machines broker_machines;
  std::vector<std::unique_ptr<io::Executor>> workers;
  std::unique_ptr<io::Executor> coordinator;
  std::unique_ptr<io::Executor> reads;
  std::unique_ptr<io::Executor> door;
  // After the executors: it answers on them until it is gone.
  std::unique_ptr<log::Log> log;
  std::optional<connectors::Outside> outside;
  std::optional<jobs::Runtime> runtime;
  std::optional<catalog::CatalogWriter> writer;

  void start_threads();
  Result<void> open_log();
  Result<void> add_system_tables();
  Result<void> make_errors_topic();
  Result<void> keep_tables();
};

void Node::Modules::start_threads() {
  const uint32_t count =
      options.workers != 0 ? options.workers : static_cast<uint32_t>(world.threads.parallelism());
  for (uint32_t index = 0; index < count; ++index) {
    workers.push_back(
        world.threads.start({.name = "worker-" + std::to_string(index), .nice = kWorkerNice}));
  }
  coordinator = world.threads.start({.name = "coordinator"});
  reads = world.threads.start({.name = "reads"});
  door = world.threads.start({.name = "door"});
}

Result<void> Node::Modules::open_log() {
  log = MILLRACE_TRY(
      log::Log::open(world, {.folder = options.data_folder,
                             .sync = options.durable,
                             .ring_bytes_max = options.ring_bytes_max,
                             .machines = {&machine, &broker_machines.identity,
                                          &broker_machines.settings, &broker_machines.quotas},
                             .on_fatal = options.on_fatal}));
  outside.emplace(connectors::Outside{.clock = world.clock,
                                      .files = world.files,
                                      .log = *log,
                                      .threads = world.threads,
                                      .io_executor = *reads,
                                      .print = options.print});
  std::vector<io::Executor*> shared;
  for (const auto& worker : workers) shared.push_back(worker.get());
  runtime.emplace(jobs::Runtime{.log = *log,
                                .clock = world.clock,
                                .threads = world.threads,
                                .workers = std::move(shared),
                                .coordinator = *coordinator,
                                .door = *door,
                                .outside = *outside,
                                .functions = functions,
                                .connectors = connectors,
                                .formats = formats,
                                .memory = memory});
  writer.emplace(machine, *log, world.threads, *door);
  return {};
}

// sys.errors: what was rejected, as a table over its topic.
Result<void> Node::Modules::add_system_tables() {
  const catalog::QualifiedName name{"main", "sys", "errors"};
  const std::string statement =
      fmt::format("CREATE TABLE sys.errors ({}) WITH ('connector' = 'log', 'topic' = '{}')",
                  connectors::kErrorsColumns, connectors::kErrorsTopic);
  catalog::Relation relation = MILLRACE_TRY(reader.read(statement, name, {}));
  relation.system = true;
  machine.add_system(std::move(relation));
  return {};
}

Result<void> Node::Modules::make_errors_topic() {
  const std::string topic(connectors::kErrorsTopic);
  if (log->topics().describe(topic)) return {};
  MILLRACE_TRY(io::await<commit::TopicId>(world.threads, [&](auto done) {
    log->topics().create(
        {.name = topic, .partitions = 1, .config = catalog::kept_topic_config(false)}, *door,
        std::move(done));
  }));
  return {};
}

// Tables from before topics followed defaults keep their rows, too.
Result<void> Node::Modules::keep_tables() {
  std::vector<commit::Command> commands;
  const catalog::CatalogPtr tables = machine.current();
  for (const catalog::Relation* relation : tables->relations()) {
    if (relation->table == nullptr || !(relation->made_topic || relation->system)) continue;
    const auto topic = log->topics().describe(relation->table->topic());
    if (!topic) continue;
    std::map<std::string, std::optional<std::string>> missing;
    for (const auto& [name, value] : catalog::kept_topic_config(relation->table->is_upsert())) {
      if (!topic->config.contains(name)) missing[name] = value;
    }
    if (missing.empty()) continue;
    commands.push_back(commit::alter_topic_command(topic->id, {}, missing));
  }
  if (commands.empty()) return {};
  MILLRACE_TRY(io::await<commit::Lsn>(world.threads, [&](auto done) {
    log->proposals().propose(std::move(commands), *door, std::move(done));
  }));
  return {};
}

Node::Node(std::unique_ptr<Modules> modules) : modules_(std::move(modules)) {}

Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::open(io::World world, NodeOptions options) {
  auto modules = std::make_unique<Modules>(world, std::move(options));
  modules->start_threads();
  MILLRACE_TRY(modules->add_system_tables());
  MILLRACE_TRY(modules->open_log());
  MILLRACE_TRY(modules->make_errors_topic());
  MILLRACE_TRY(modules->keep_tables());
  return std::unique_ptr<Node>(new Node(std::move(modules)));
}

std::unique_ptr<session::Session> Node::new_session(bool always_execute) {
  return std::make_unique<session::Session>(session::Resources{
      .runtime = *modules_->runtime,
      .catalog = *modules_->writer,
      .registries = {.functions = modules_->functions, .connectors = modules_->registry},
      .parallelism = static_cast<uint32_t>(modules_->workers.size()),
      .always_execute = always_execute});
}

commit::CommitLog& Node::log() {
  return *modules_->log;
}

namespace {

GivenBatches given(const log::GivenBatches& batches) {
  return {.batches = batches.batches, .bytes = batches.bytes};
}

}  // namespace

LogStatus Node::log_status() {
  const log::LogStatus status = modules_->log->status();
  return {.visible = status.visible,
          .ring_bytes = status.ring_bytes,
          .unsettled_bytes = status.unsettled_bytes,
          .groups_written = status.groups_written,
          .checkpoint_generation = status.checkpoint_generation,
          .compactions = status.compaction.passes,
          .compacted_bytes_read = status.compaction.bytes_read,
          .compacted_bytes_written = status.compaction.bytes_written,
          .group_bytes = status.group_bytes,
          .sync_ns = status.sync_ns,
          .segment_bytes_written = status.segment_bytes_written,
          .merged_bytes_written = status.merged_bytes_written,
          .damages = status.damages.size(),
          .reads = {.from_ring = given(status.reads.from_ring),
                    .from_files = given(status.reads.from_files),
                    .from_ahead = given(status.reads.from_ahead),
                    .ahead_hits = status.reads.ahead_hits,
                    .ahead_misses = status.reads.ahead_misses,
                    .ahead_held_bytes = status.reads.ahead_held_bytes,
                    .file_bytes_read = status.reads.file_bytes_read}};
}

const MemoryAccount& Node::memory() const {
  return modules_->memory;
}

const broker::Machines& Node::broker_machines() const {
  return modules_->broker_machines;
}

const formats::Formats& Node::formats() const {
  return modules_->formats;
}

}  // namespace millrace::node
