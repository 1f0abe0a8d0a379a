#include "cli/bench/bench_command.h"

#include <fmt/core.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>

#include "base/nearest.h"
#include "cli/bench/nexmark_queries.h"
#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/terminal_client.h"
#include "cli/version.h"
#include "io/process_usage.h"
#include "node/node.h"

namespace millrace::cli {
namespace {

// What a run says about itself while it goes on.
class BenchClient final : public session::Client {
 public:
  void begin_rows(const data::SchemaPtr&, bool) override {}
  void rows(const data::Batch&) override {}
  void end_rows() override {}
  void done(std::string_view) override {}
  void notice(std::string_view) override {}
  void progress(const session::Progress& progress) override {
    state_bytes = std::max(state_bytes, progress.state_bytes);
    epochs = progress.committed_epoch.value();
  }

  int64_t state_bytes = 0;
  uint64_t epochs = 0;
};

struct Measured {
  double wall_s = 0;
  double user_s = 0;
  double system_s = 0;
  int64_t written_bytes = 0;
  int64_t resident_bytes_max = 0;  // since the process began
  int64_t state_bytes = 0;
  uint64_t epochs = 0;

  double cpu_s() const { return user_s + system_s; }
};

Result<std::vector<NexmarkQuery>> choose(const std::vector<std::string>& names) {
  const auto known = nexmark_queries();
  if (names.empty()) return std::vector<NexmarkQuery>(known.begin(), known.end());
  std::vector<NexmarkQuery> chosen;
  for (const std::string& name : names) {
    const auto at = std::ranges::find(known, name, &NexmarkQuery::name);
    if (at == known.end()) {
      std::vector<std::string_view> all;
      for (const NexmarkQuery& query : known) all.push_back(query.name);
      return Error(ErrorCode::kInvalidOption, fmt::format("there is no query '{}'", name))
          .at("bench nexmark")
          .remedy(nearest_remedy(name, all));
    }
    chosen.push_back(*at);
  }
  return chosen;
}

Result<Measured> measure(io::World world, const BenchOptions& options, const std::string& script,
                         std::string_view name) {
  std::string path;
  if (!options.data.empty()) path = io::join_path(options.data, fmt::format("nexmark-{}", name));
  const DataFolder folder = MILLRACE_TRY(DataFolder::open(world, std::move(path)));
  auto node = MILLRACE_TRY(node::Node::open(
      world, {.data_folder = folder.path(), .print = write_out, .on_fatal = stop_process}));
  const auto session = node->new_session(true);
  MILLRACE_TRY(session->set("epoch.interval", fmt::format("{} ms", options.epoch_interval_ms)));
  if (options.parallelism != 0) {
    MILLRACE_TRY(session->set("parallelism", std::to_string(options.parallelism)));
  }
  const Interrupt interrupt([&session] { session->request_stop(); });
  BenchClient client;
  const io::ProcessUsage before = io::process_usage();
  const int64_t began = world.clock.now().ns;
  MILLRACE_TRY(session->execute(script, name, client));
  if (interrupt.happened()) return Error(ErrorCode::kCancelled, "interrupted");
  const int64_t ended = world.clock.now().ns;
  const io::ProcessUsage after = io::process_usage();
  return Measured{.wall_s = static_cast<double>(ended - began) / 1e9,
                  .user_s = static_cast<double>(after.user_us - before.user_us) / 1e6,
                  .system_s = static_cast<double>(after.system_us - before.system_us) / 1e6,
                  .written_bytes = after.written_bytes - before.written_bytes,
                  .resident_bytes_max = after.resident_bytes_max,
                  .state_bytes = client.state_bytes,
                  .epochs = client.epochs};
}

std::string machine(int cores) {
  utsname name{};
  uname(&name);
  return fmt::format("{} {}, {} cores", name.sysname, name.machine, cores);
}

std::string as_json(const NexmarkQuery& query, const BenchOptions& options, const Measured& run,
                    double generator_cpu_s, int cores) {
  const auto events = static_cast<double>(options.events);
  const Version own = version();
  std::string json = fmt::format(
      R"({{"query":"{}","series":"{} events/s of event time{}","events":{},"wall_s":{:.3f},)",
      query.name, options.rate, options.pushdown ? ", pushdown" : "", options.events, run.wall_s);
  json += fmt::format(R"("cpu_s":{:.3f},"user_s":{:.3f},"system_s":{:.3f},)", run.cpu_s(),
                      run.user_s, run.system_s);
  json += fmt::format(R"("events_per_s":{:.0f},"events_per_cpu_s":{:.0f},)", events / run.wall_s,
                      events / run.cpu_s());
  if (generator_cpu_s > 0) {
    const double own_cpu_s = std::max(run.cpu_s() - generator_cpu_s, 1e-3);
    json += fmt::format(R"("generator_cpu_s":{:.3f},"events_per_cpu_s_without_generator":{:.0f},)",
                        generator_cpu_s, events / own_cpu_s);
  }
  json += fmt::format(R"("state_bytes":{},"resident_bytes_max":{},"written_bytes":{},"epochs":{},)",
                      run.state_bytes, run.resident_bytes_max, run.written_bytes, run.epochs);
  json += fmt::format(
      R"("exactly_once":true,"epoch_interval_ms":{},"parallelism":{},)", options.epoch_interval_ms,
      options.parallelism == 0 ? static_cast<uint32_t>(cores) : options.parallelism);
  json += fmt::format(R"("version":"{}","commit":"{}","machine":"{}"}})", own.number, own.commit,
                      machine(cores));
  return json;
}

Result<void> run_queries(io::World world, const BenchOptions& options) {
  const NexmarkStream stream{
      .events = options.events, .rate = options.rate, .pushdown = options.pushdown};
  double generator_cpu_s = 0;
  for (const NexmarkQuery& query : MILLRACE_TRY(choose(options.queries))) {
    const std::string script = nexmark_script(query, stream);
    if (options.print_sql) {
      write_out(fmt::format("-- {}: {}\n{}\n", query.name, query.asks, script));
      continue;
    }
    const Measured run = MILLRACE_TRY(measure(world, options, script, query.name));
    if (query.name == "generate") generator_cpu_s = run.cpu_s();
    write_out(as_json(query, options, run, generator_cpu_s, world.threads.parallelism()) + "\n");
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

ExitCode bench_nexmark(io::World world, const BenchOptions& options) {
  const Result<void> result = run_queries(world, options);
  return result ? ExitCode::kOk : report(result.error());
}

}  // namespace millrace::cli
