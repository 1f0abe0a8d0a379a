#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/builtin.h"
#include "connectors/forward/forwarder.h"
#include "connectors/forward/outbox_sink.h"
#include "formats/builtin.h"
#include "io/await.h"
#include "io/simulated_world.h"
#include "record/batch_view.h"
#include "testing/collecting_sink.h"
#include "testing/job_runner.h"
#include "testing/key_counting.h"
#include "testing/memory_commit_log.h"
#include "testing/rows_text.h"
#include "testing/scripted_source.h"

namespace millrace::connectors {

using Lines = std::vector<std::string>;

// A table as a test writes it down.
struct TestTable {
  std::string connector;
  std::string columns;  // as testing::schema_of reads it; empty: none
  std::vector<std::pair<std::string, std::string>> options;
  std::string format;                 // empty: none
  std::vector<TableColumn> metadata;  // behind the columns
  std::vector<uint32_t> key;
  bool until_now = true;
  std::vector<std::string> partitioned_by;
};

// What a test of a job wants to be otherwise.
struct TestRun {
  uint32_t shards = 1;
  uint32_t batch_rows_max = data::kBatchRowsMax;
  uint32_t slice_batches_max = 256;
  std::string job = "job";
  double rows_per_second = 0;
  bool forget = false;  // a forwarded table: its traces, at the end
  std::function<bool(commit::Epoch, engine::EpochPhase)> crash;
};

// ConnectorWorld: all that a connector touches, simulated, and jobs that read and write with it.
class ConnectorWorld {
 public:
  explicit ConnectorWorld(testing::MemoryLogOptions options = {}, io::SimulationOptions how = {})
      : world(how), log(std::move(options)) {}

  io::SimulatedWorld world;
  testing::MemoryCommitLog log;
  std::unique_ptr<io::Executor> reads = world.threads().start({.name = "reads"});
  std::string printed;
  Outside outside{.clock = world.clock(),
                  .files = world.files(),
                  .log = log,
                  .threads = world.threads(),
                  .io_executor = *reads,
                  .print = [this](std::string_view text) { printed += text; }};
  const Connectors connectors = builtin_connectors();
  const formats::Formats formats = formats::builtin_formats();
  testing::JobRunner runner{world.world(), log};
  std::vector<engine::Rejection> rejected;

  void write_file(const std::string& path, std::string_view content) {
    ASSERT_TRUE(world.files().make_folders(std::string(io::parent_path(path))));
    auto file = world.files().open(path, io::OpenMode::kCreate);
    ASSERT_TRUE(file) << file.error().to_string();
    ASSERT_TRUE((*file)->write_at(0, std::as_bytes(std::span(content))));
  }

  Result<traits::Options> options_of(const TestTable& table) {
    const Connector* connector = MILLRACE_TRY(connectors.find(table.connector));
    std::vector<traits::OptionTable> tables = {connector->traits().options,
                                               traits::table_options()};
    if (!table.format.empty()) {
      tables.push_back(MILLRACE_TRY(formats.find(table.format))->traits().options);
    }
    std::vector<traits::WrittenOption> written;
    for (const auto& [name, value] : table.options) written.push_back({name, value, "", ""});
    return traits::Options::parse(tables, written, "the table");
  }

  static std::vector<TableColumn> columns_of(const TestTable& table) {
    std::vector<TableColumn> columns;
    const data::SchemaPtr declared = testing::schema_of(table.columns);
    for (const data::Field& field : declared->fields()) {
      columns.push_back({.field = field, .metadata_key = ""});
    }
    columns.insert(columns.end(), table.metadata.begin(), table.metadata.end());
    return columns;
  }

  Result<std::shared_ptr<engine::Source>> source(const TestTable& table, uint32_t splits = 1) {
    const traits::Options options = MILLRACE_TRY(options_of(table));
    SourceRequest request{.table = "t", .topic = "topic", .options = options};
    if (!table.format.empty()) request.format = MILLRACE_TRY(formats.find(table.format));
    request.declared = testing::schema_of(table.columns);
    request.columns = columns_of(table);
    request.until_now = table.until_now;
    request.upsert_key = table.key;
    request.splits_wanted = splits;
    request.partitioned_by = table.partitioned_by;
    return MILLRACE_TRY(connectors.find(table.connector))->source(request, outside);
  }

  // One job that copies `from` to a sink.
  Result<engine::JobSummary> run(std::shared_ptr<engine::Source> from,
                                 engine::PerShard<engine::Sink> sink, const TestRun& how) {
    engine::Pipeline pipeline;
    pipeline.name = "copy";
    pipeline.shards = how.shards;
    pipeline.source = testing::source_spec("in", std::move(from));
    pipeline.source->rows_per_second = how.rows_per_second;
    pipeline.sink = std::move(sink);
    engine::Dataflow dataflow;
    dataflow.pipelines.push_back(std::move(pipeline));
    engine::JobOptions options;
    options.name = how.job;
    options.epoch_interval_us = 100;
    options.batch_rows_max = how.batch_rows_max;
    options.slice_batches_max = how.slice_batches_max;
    options.crash = how.crash;
    options.errors = engine::ErrorsTarget{
        .partition = errors_, .encode = [this](std::span<const engine::Rejection> rejections) {
          rejected.insert(rejected.end(), rejections.begin(), rejections.end());
          return Result<Buffer>(testing::wrap_batch("rejected"));
        }};
    return runner.run(std::move(dataflow), std::move(options));
  }

  // The table's rows, in the order in which they were committed.
  Result<Lines> read(const TestTable& table, const TestRun& how = {}) {
    auto outcome = std::make_shared<testing::Collected>();
    auto from = MILLRACE_TRY(source(table, how.shards));
    MILLRACE_TRY(run(std::move(from), testing::collecting_sink(sunk_, outcome), how));
    return outcome->lines();
  }
  Lines rows(const TestTable& table, const TestRun& how = {}) {
    auto lines = read(table, how);
    if (lines) return *lines;
    ADD_FAILURE() << lines.error().to_string();
    return {};
  }

  // Rows, "+I 1 | a" a line, into the table.
  Result<engine::JobSummary> write(const TestTable& table, std::vector<std::string> batches,
                                   const TestRun& how = {}) {
    const auto columns = columns_of(table);
    std::vector<data::Field> fields;
    for (const TableColumn& column : columns) fields.push_back(column.field);
    const auto schema = data::make_schema(fields);
    auto from = std::make_shared<testing::ScriptedSource>(schema, true);
    from->add_split({"s", "", {}}, {});
    for (const std::string& batch : batches) from->append("s", testing::rows_of(schema, batch));
    return write(table, std::move(from), how);
  }
  Result<engine::JobSummary> write(const TestTable& table, std::shared_ptr<engine::Source> from,
                                   const TestRun& how = {}) {
    const traits::Options options = MILLRACE_TRY(options_of(table));
    const Connector* connector = MILLRACE_TRY(connectors.find(table.connector));
    SinkRequest request{.table = "t",
                        .topic = "topic",
                        .options = options,
                        .columns = columns_of(table),
                        .primary_key = table.key,
                        .shards = how.shards,
                        .declared = testing::schema_of(table.columns),
                        .partitioned_by = table.partitioned_by};
    if (!table.format.empty()) request.format = MILLRACE_TRY(formats.find(table.format));
    if (connector->traits().sink.forwarded) return forward(*connector, request, from, how);
    return run(
        std::move(from),
        [&](uint32_t shard) {
          request.shard = shard;
          return connector->sink(request, outside);
        },
        how);
  }

  // A job whose sinks fill an outbox, and the forwarder beside it, until everything committed is
  // delivered.
  Result<engine::JobSummary> forward(const Connector& connector, SinkRequest request,
                                     std::shared_ptr<engine::Source> from, const TestRun& how) {
    if (!log.topics().describe("outbox")) {
      MILLRACE_TRY(io::await<commit::TopicId>(world.threads(), [&](auto done) {
        log.topics().create({.name = "outbox", .partitions = how.shards, .config = {}}, *reads,
                            std::move(done));
      }));
    }
    const commit::Topic outbox = MILLRACE_TRY(log.topics().describe("outbox"));
    request.outbox_id = "id";
    const auto backlog = std::make_shared<Backlog>(request.options.bytes("sink.buffer.bytes"));
    const data::SchemaPtr schema = input_schema(request);
    Forwarder forwarder(MILLRACE_TRY(connector.target(request, outside)), outbox, schema, backlog,
                        outside);
    forwarder.start([](const Error&) {});
    const engine::JobSummary summary = MILLRACE_TRY(run(
        std::move(from),
        [&](uint32_t shard) -> Result<std::unique_ptr<engine::Sink>> {
          return make_outbox_sink({outbox.id, shard % outbox.partitions}, schema, backlog);
        },
        how));
    MILLRACE_TRY(
        io::await<void>(world.threads(), [&](auto done) { forwarder.finish(std::move(done)); }));
    if (how.forget) MILLRACE_TRY(forwarder.forget());
    return summary;
  }

 private:
  commit::PartitionId sunk_ = log.make_partition("sunk");
  commit::PartitionId errors_ = log.make_partition("errors");
};

// What went wrong, for messages of expectations.
inline std::string error_of(const auto& result) {
  return result ? "no error" : std::string(result.error().to_string());
}

}  // namespace millrace::connectors
