#include "cli/bench/bench_command.h"

#include <fmt/core.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>

#include "base/nearest.h"
#include "cli/bench/nexmark_queries.h"
#include "cli/bench/query_run.h"
#include "cli/output.h"
#include "cli/version.h"

namespace millrace::cli {
namespace {

// A query's runs: as fast as it goes, as events happen, or both.
struct QueryRun {
  Measured run;
  int64_t wall_rate = 0;  // of the latency; 0: it was not measured
  LogHistogram latency_us;
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

std::string machine(int cores) {
  utsname name{};
  uname(&name);
  return fmt::format("{} {}, {} cores", name.sysname, name.machine, cores);
}

std::string latency_json(const LogHistogram& latency_us) {
  const auto ms = [&](double share) {
    return static_cast<double>(latency_us.quantile(share)) / 1e3;
  };
  return fmt::format(R"("latency_ms":{{"p50":{:.2f},"p99":{:.2f},"p999":{:.2f},"max":{:.2f}}},)",
                     ms(0.5), ms(0.99), ms(0.999), static_cast<double>(latency_us.most()) / 1e3);
}

std::string build_json(int cores) {
  const Version own = version();
  return fmt::format(R"("version":"{}","commit":"{}","machine":"{}"}})", own.number, own.commit,
                     machine(cores));
}

std::string series(const BenchOptions& options) {
  return fmt::format("{} events/s of {}{}",
                     options.wall_rate > 0 ? options.wall_rate : options.rate,
                     options.wall_rate > 0 ? "wall clock and event time" : "event time",
                     options.pushdown ? ", pushdown" : "");
}

// `which`: what is said of several runs, or nothing.
std::string as_json(const NexmarkQuery& query, const BenchOptions& options, const QueryRun& of,
                    const std::string& which, double generator_cpu_s, int cores) {
  const Measured& run = of.run;
  std::string json = fmt::format(R"({{"query":"{}",{}"series":"{}","events":{},"wall_s":{:.3f},)",
                                 query.name, which, series(options), run.events, run.wall_s);
  json += fmt::format(R"("cpu_s":{:.3f},"user_s":{:.3f},"system_s":{:.3f},)", run.cpu_s(),
                      run.user_s, run.system_s);
  json += fmt::format(R"("events_per_s":{:.0f},"events_per_cpu_s":{:.0f},)", run.events_per_s(),
                      run.events_per_cpu_s());
  if (generator_cpu_s > 0) {
    const double own_cpu_s = std::max(run.cpu_s() - generator_cpu_s, 1e-3);
    json += fmt::format(R"("generator_cpu_s":{:.3f},"events_per_cpu_s_without_generator":{:.0f},)",
                        generator_cpu_s, static_cast<double>(run.events) / own_cpu_s);
  }
  if (of.wall_rate > 0) {
    json += latency_json(of.latency_us);
    json += fmt::format(R"("latency_wall_rate":{},"latency_events":{},)", of.wall_rate,
                        of.latency_us.count());
  }
  json += fmt::format(R"("state_bytes":{},"resident_bytes_max":{},"written_bytes":{},"epochs":{},)",
                      run.state_bytes, run.resident_bytes_max, run.written_bytes, run.epochs);
  json += fmt::format(
      R"("exactly_once":true,"epoch_interval_ms":{},"parallelism":{},)", options.epoch_interval_ms,
      options.parallelism == 0 ? static_cast<uint32_t>(cores) : options.parallelism);
  json += build_json(cores);
  return json;
}

Result<QueryRun> measure(io::World world, const BenchOptions& options, const NexmarkQuery& query) {
  QueryRun of;
  if (options.wall_rate == 0) {
    of.run = MILLRACE_TRY(run_freely(world, options, query));
    if (!options.latency) return of;
  }
  const auto half = static_cast<int64_t>(of.run.events_per_s() / 2);
  of.wall_rate = options.wall_rate > 0 ? options.wall_rate : std::max<int64_t>(1, half);
  Measured paced = MILLRACE_TRY(run_as_it_happens(world, options, query, of.wall_rate));
  of.latency_us = std::move(paced.latency_us);
  if (options.wall_rate > 0) of.run = std::move(paced);
  return of;
}

// By speed, or where the speed was given by latency.
const QueryRun& median(std::vector<QueryRun>& runs) {
  const auto middle = runs.begin() + static_cast<std::ptrdiff_t>((runs.size() - 1) / 2);
  std::ranges::nth_element(runs, middle, {}, [](const QueryRun& of) {
    return of.run.wall_rate > 0 ? static_cast<double>(of.latency_us.quantile(0.99))
                                : of.run.events_per_s();
  });
  return *middle;
}

Result<void> run_queries(io::World world, const BenchOptions& options) {
  double generator_cpu_s = 0;
  for (const NexmarkQuery& query : MILLRACE_TRY(choose(options.queries))) {
    if (options.print_sql) {
      write_out(fmt::format("-- {}: {}\n{}\n", query.name, query.asks,
                            nexmark_script(query, {.events = options.events,
                                                   .rate = options.rate,
                                                   .pushdown = options.pushdown})));
      continue;
    }
    const auto print = [&](const QueryRun& of, const std::string& which) {
      write_out(as_json(query, options, of, which, generator_cpu_s, world.threads.parallelism()) +
                "\n");
      flush_out();
    };
    std::vector<QueryRun> runs;
    for (uint32_t run = 1; run <= options.runs; ++run) {
      runs.push_back(MILLRACE_TRY(measure(world, options, query)));
      if (options.runs > 1) print(runs.back(), fmt::format(R"("run":{},)", run));
    }
    const QueryRun& middle = median(runs);
    print(middle, options.runs > 1 ? fmt::format(R"("median_of":{},)", options.runs) : "");
    if (query.name == "generate") generator_cpu_s = middle.run.cpu_s();
  }
  return {};
}

void print_load(const char* load, const LogBenchOptions& options, const LogLoad& of, int cores) {
  const auto records = static_cast<double>(of.records);
  const double mb = static_cast<double>(of.bytes) / 1e6;
  std::string json = fmt::format(R"({{"load":"{}","record_bytes":{},"partitions":{},)", load,
                                 options.record_bytes, options.partitions);
  json += fmt::format(R"("records":{},"wall_s":{:.3f},"cpu_s":{:.3f},"records_per_s":{:.0f},)",
                      of.records, of.wall_s, of.cpu_s, records / of.wall_s);
  json += fmt::format(R"("mb_per_s":{:.1f},"mb_per_cpu_s":{:.1f},"written_mb":{:.1f},"groups":{},)",
                      mb / of.wall_s, mb / std::max(of.cpu_s, 1e-3),
                      static_cast<double>(of.written_bytes) / 1e6, of.groups);
  write_out(json + latency_json(of.latency_us) + build_json(cores) + "\n");
}

}  // namespace

ExitCode bench_nexmark(io::World world, const BenchOptions& options) {
  const Result<void> result = run_queries(world, options);
  return result ? ExitCode::kOk : report(result.error());
}

ExitCode bench_log(io::World world, const LogBenchOptions& options) {
  const Result<LogRuns> runs = run_log(world, options);
  if (!runs) return report(runs.error());
  const int cores = world.threads.parallelism();
  print_load("append", options, runs->append, cores);
  print_load("read", options, runs->read, cores);
  print_load("latency", options, runs->latency, cores);
  return ExitCode::kOk;
}

}  // namespace millrace::cli
