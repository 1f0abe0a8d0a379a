#include "cli/bench/query_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "io/process_usage.h"
#include "node/node.h"
#include "session/client.h"
#include "session/session.h"

namespace millrace::cli {
namespace {

// Until the first event, so that the start of the job is not measured.
constexpr int64_t kHeadStartUs = 1'000'000;
constexpr int64_t kWarmUpPart = 5;

// When a run as events happen begins, counts, and ends, on the wall clock.
struct Schedule {
  int64_t first_event_us = 0;
  int64_t warm_us = 0;
  int64_t end_us = 0;
};

// What a run says about itself while it goes on; one that has a schedule is stopped by it.
class BenchClient final : public session::Client {
 public:
  BenchClient(io::Clock& clock, session::Session& session, std::optional<Schedule> schedule)
      : clock_(clock), session_(session), schedule_(schedule) {}

  void begin_rows(const data::SchemaPtr&, bool) override {}
  void rows(const data::Batch&) override {}
  void end_rows() override {}
  void done(std::string_view) override {}
  void notice(std::string_view) override {}
  void progress(const session::Progress& progress) override {
    state_bytes_ = std::max(state_bytes_, progress.state_bytes);
    latest_ = progress;
    if (!schedule_) return;
    if (warm_ == nullptr && clock_.wall_us() >= schedule_->warm_us) warm_ = progress.latency_us;
    if (read_until_us() >= schedule_->end_us) session_.request_stop();
  }

  int64_t state_bytes() const { return state_bytes_; }
  uint64_t epochs() const { return latest_.committed_epoch.value(); }
  // Event time that all sources have come to.
  int64_t read_until_us() const {
    return latest_.watermark == engine::kTimeMin
               ? 0
               : latest_.watermark + kNexmarkWatermarkDelaySeconds * 1'000'000;
  }
  LogHistogram latency_us() const {
    return warm_ == nullptr ? LogHistogram() : latest_.latency_us->since(*warm_);
  }

 private:
  io::Clock& clock_;
  session::Session& session_;
  const std::optional<Schedule> schedule_;
  int64_t state_bytes_ = 0;
  session::Progress latest_;
  std::shared_ptr<const LogHistogram> warm_;
};

Result<std::unique_ptr<session::Session>> open_session(node::Node& node,
                                                       const BenchOptions& options) {
  auto session = node.new_session(true);
  MILLRACE_TRY(session->set("epoch.interval", fmt::format("{} ms", options.epoch_interval_ms)));
  if (options.parallelism != 0) {
    MILLRACE_TRY(session->set("parallelism", std::to_string(options.parallelism)));
  }
  return session;
}

std::optional<Schedule> schedule_of(io::World world, const BenchOptions& options,
                                    int64_t wall_rate) {
  if (wall_rate == 0) return std::nullopt;
  const int64_t first_us = world.clock.wall_us() + kHeadStartUs;
  const int64_t length_us = options.latency_seconds * 1'000'000;
  return Schedule{first_us, first_us + length_us / kWarmUpPart, first_us + length_us};
}

Result<Measured> run_query(io::World world, const BenchOptions& options, const NexmarkQuery& query,
                           NexmarkStream stream, int64_t wall_rate) {
  std::string path;
  if (!options.data.empty()) {
    // A folder of its own: another run's tables have other options.
    path = io::join_path(options.data,
                         fmt::format("nexmark-{}-{}", query.name, world.clock.wall_us()));
  }
  const DataFolder folder = MILLRACE_TRY(DataFolder::open(world, std::move(path)));
  const auto stop = [&folder](const Error& error) {
    folder.remove();
    stop_process(error);
  };
  auto node = MILLRACE_TRY(node::Node::open(
      world, {.data_folder = folder.path(), .print = write_out, .on_fatal = stop}));
  const auto session = MILLRACE_TRY(open_session(*node, options));
  const Interrupt interrupt(world.clock, [&session] { session->request_stop(); });
  const std::optional<Schedule> schedule = schedule_of(world, options, wall_rate);
  if (schedule) stream.happens_from_us = schedule->first_event_us;
  BenchClient client(world.clock, *session, schedule);
  const io::ProcessUsage before = io::process_usage();
  const io::MonotonicTime began = world.clock.now() + (schedule ? kHeadStartUs * io::kNsPerUs : 0);
  MILLRACE_TRY(session->execute(nexmark_script(query, stream), query.name, client));
  if (interrupt.happened()) return Error(ErrorCode::kCancelled, "interrupted");
  const io::MonotonicTime ended = world.clock.now();
  const io::ProcessUsage after = io::process_usage();
  const int64_t lasted_us = schedule ? client.read_until_us() - schedule->first_event_us : 0;
  return Measured{.events = schedule ? lasted_us * wall_rate / 1'000'000 : stream.events,
                  .wall_s = static_cast<double>(ended - began) / 1e9,
                  .user_s = static_cast<double>(after.user_us - before.user_us) / 1e6,
                  .system_s = static_cast<double>(after.system_us - before.system_us) / 1e6,
                  .written_bytes = after.written_bytes - before.written_bytes,
                  .resident_bytes_max = after.resident_bytes_max,
                  .state_bytes = client.state_bytes(),
                  .epochs = client.epochs(),
                  .wall_rate = wall_rate,
                  .latency_us = client.latency_us()};
}

}  // namespace

Result<Measured> run_freely(io::World world, const BenchOptions& options,
                            const NexmarkQuery& query) {
  const NexmarkStream stream{
      .events = options.events, .rate = options.rate, .pushdown = options.pushdown};
  return run_query(world, options, query, stream, 0);
}

Result<Measured> run_as_it_happens(io::World world, const BenchOptions& options,
                                   const NexmarkQuery& query, int64_t wall_rate) {
  const NexmarkStream stream{.events = 0, .rate = wall_rate, .pushdown = options.pushdown};
  return run_query(world, options, query, stream, wall_rate);
}

}  // namespace millrace::cli
