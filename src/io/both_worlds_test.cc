// A job that runs unchanged in both worlds: numbered, checksummed lines go from a producer to a
// writer, each on an executor of its own, and are acknowledged after the sync. It is crashed and
// started again until the goal is reached; what was acknowledged must always be found.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/crc32c.h"
#include "io/posix_world.h"
#include "io/simulated_world.h"

namespace millrace::io {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string line_of(uint64_t number) {
  const std::string body = fmt::format("line {} {}", number, std::string(number * 37 % 900, '.'));
  return fmt::format("{:08x} {}\n", crc32c(bytes_of(body)), body);
}

// The file of lines. Confined to the writer.
class LineFile {
 public:
  LineFile(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // Cuts what is not a whole line; returns how many are.
  Result<uint64_t> open() {
    file_ = MILLRACE_TRY(files_.open(path_, OpenMode::kCreate));
    MILLRACE_TRY(files_.sync_folder(std::string(parent_path(path_))));
    // What a failed sync has left in the cache must not be taken for durable.
    MILLRACE_TRY(file_->drop_cache());
    const Buffer content = MILLRACE_TRY(read_file(files_, path_));
    lines_ = 0;
    end_ = 0;
    while (content.view().substr(end_).starts_with(line_of(lines_)))
      end_ += line_of(lines_++).size();
    MILLRACE_TRY(file_->truncate(end_));
    MILLRACE_TRY(file_->sync());
    return lines_;
  }

  Result<uint64_t> append(uint64_t count) {
    std::string text;
    for (uint64_t index = 0; index < count; ++index) text += line_of(lines_ + index);
    MILLRACE_TRY(file_->write_at(end_, bytes_of(text)));
    MILLRACE_TRY(file_->sync());
    end_ += text.size();
    lines_ += count;
    return lines_;
  }

 private:
  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<File> file_;
  uint64_t lines_ = 0;
  uint64_t end_ = 0;
};

// One life of the job.
class LineJob {
 public:
  using Acknowledged = std::function<void(uint64_t lines)>;
  LineJob(World world, const std::string& path, uint64_t goal, Acknowledged acknowledged)
      : world_(world),
        file_(world.files, path),
        goal_(goal),
        acknowledged_(std::move(acknowledged)) {}

  // Runs until the goal is reached or something fails.
  Result<void> run() {
    writer_ = world_.threads.start({.name = "writer"});
    producer_ = world_.threads.start({.name = "producer"});
    writer_->post([this] { hand_over(file_.open()); });
    world_.threads.wait(done_);
    writer_.reset();
    producer_.reset();
    return outcome_;
  }

 private:
  void hand_over(Result<uint64_t> lines) {
    producer_->post([this, lines = std::move(lines)]() mutable { proceed(std::move(lines)); });
  }

  void proceed(Result<uint64_t> lines) {
    if (!lines) {
      outcome_ = lines.error();
      return done_.set();
    }
    acknowledged_(*lines);
    if (*lines >= goal_) return done_.set();
    const auto pause_ns = static_cast<int64_t>(world_.random() % (200 * kNsPerUs));
    const uint64_t count = 1 + world_.random() % 5;
    producer_->post_at(producer_->now() + pause_ns, [this, count] {
      writer_->post([this, count] { hand_over(file_.append(count)); });
    });
  }

  const World world_;
  LineFile file_;
  const uint64_t goal_;
  const Acknowledged acknowledged_;
  Result<void> outcome_;
  Notification done_;
  std::unique_ptr<Executor> writer_;
  std::unique_ptr<Executor> producer_;
};

constexpr uint64_t kGoal = 60;

// Lives of the job in one simulated machine, with a fault in each but the last: a crash, or a call
// that fails. Returns its trace.
uint64_t run_simulated(uint64_t seed, uint64_t crash_percent, CrashMode mode) {
  SimulatedWorld world({.seed = seed});
  auto& files = world.files();
  uint64_t known = 0;
  for (int life = 0; life < 50; ++life) {
    if (life < 49) {
      const bool crash = world.random().below(100) < crash_percent;
      const FaultEffect effect = crash ? FaultEffect::kCrash : FaultEffect::kFail;
      files.inject({.nth = 1 + world.random().below(25), .effect = effect, .crash = mode});
    }
    const uint64_t known_before = known;
    bool first = true;
    LineJob job(world.world(), "lines", kGoal, [&](uint64_t lines) {
      if (std::exchange(first, false)) {
        EXPECT_GE(lines, known_before) << "seed " << seed;
      }
      known = lines;
    });
    const Result<void> outcome = job.run();
    files.clear_faults();
    if (files.crashed()) files.recover();
    if (outcome) break;
  }
  EXPECT_GE(known, kGoal) << "seed " << seed;
  return world.trace_hash();
}

TEST(BothWorlds, AcknowledgedLinesSurviveSimulatedCrashesAndFailuresAtAnyCall) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    for (const CrashMode mode : {CrashMode::kTear, CrashMode::kLoseUnsynced, CrashMode::kProcess}) {
      for (const uint64_t crash_percent : {0, 50, 100}) run_simulated(seed, crash_percent, mode);
    }
  }
}

TEST(BothWorlds, TheWholeJobIsRepeatedByItsSeed) {
  const uint64_t once = run_simulated(7, 50, CrashMode::kTear);
  EXPECT_EQ(run_simulated(7, 50, CrashMode::kTear), once);
  EXPECT_NE(run_simulated(8, 50, CrashMode::kTear), once);
}

// Runs the job in a child that tells its progress through `to`.
[[noreturn]] void run_child(const std::string& path, int to) {
  PosixWorld world;
  LineJob job(world.world(), path, kGoal, [to](uint64_t lines) {
    if (write(to, &lines, sizeof(lines)) != sizeof(lines)) _exit(2);
  });
  _exit(job.run() ? 0 : 1);
}

// Kills the child after its `reports_max`-th report; returns the first and the last report.
std::pair<uint64_t, uint64_t> run_and_kill(const std::string& path, int reports_max) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) run_child(path, ends[1]);
  close(ends[1]);
  uint64_t first = 0;
  uint64_t lines = 0;
  for (int reports = 0; reports < reports_max; ++reports) {
    if (read(ends[0], &lines, sizeof(lines)) != sizeof(lines)) break;
    if (reports == 0) first = lines;
  }
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  // What it said between the last report and its death counts, too.
  while (read(ends[0], &lines, sizeof(lines)) == sizeof(lines)) continue;
  close(ends[0]);
  return {first, lines};
}

TEST(BothWorlds, AcknowledgedLinesSurviveRealKills) {
  PosixFileSystem files;
  const std::string folder =
      join_path(testing::TempDir(), "millrace-io-lines-" + std::to_string(getpid()));
  ASSERT_TRUE(files.make_folders(folder));
  uint64_t known = 0;
  int lives = 0;
  while (known < kGoal && lives < 100) {
    const auto [first, last] = run_and_kill(join_path(folder, "lines"), 2 + lives++ % 5);
    EXPECT_GE(first, known);
    known = last;
  }
  EXPECT_GE(known, kGoal);
  EXPECT_GT(lives, 3);
  EXPECT_TRUE(remove_tree(files, folder));
}

}  // namespace
}  // namespace millrace::io
