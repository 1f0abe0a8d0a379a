#include <gtest/gtest.h>

#include <set>

#include "io/await.h"
#include "io/posix_world.h"
#include "io/simulated_world.h"

namespace millrace::io {
namespace {

// Runs each test in both forms of the world.
class Executors : public testing::TestWithParam<bool> {
 protected:
  World world() { return GetParam() ? simulated_.world() : posix_.world(); }
  Threads& threads() { return world().threads; }

 private:
  PosixWorld posix_;
  SimulatedWorld simulated_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, Executors, testing::Bool(),
                         [](const auto& info) { return info.param ? "Simulated" : "Posix"; });

TEST_P(Executors, RunPostedTasksInOrderAndTimedOnesInTheOrderOfTime) {
  std::string order;
  Notification done;
  const auto executor = threads().start({.name = "worker"});
  const MonotonicTime soon = executor->now() + 5 * kNsPerMs;
  executor->post_at(soon + 2, [&] {
    order += '5';
    done.set();
  });
  executor->post_at(soon, [&] { order += '3'; });
  executor->post_at(soon, [&] { order += '4'; });
  executor->post([&] {
    EXPECT_TRUE(executor->current());
    executor->post([&] { order += '2'; });
    order += '1';
  });
  threads().wait(done);
  EXPECT_EQ(order, "12345");
  EXPECT_FALSE(executor->current());
  EXPECT_GE(executor->now(), soon + 2);
}

TEST_P(Executors, AnEarlierTimerPostedLaterRunsFirst) {
  Notification late;
  Notification early;
  const auto executor = threads().start({.name = "worker"});
  executor->post_at(executor->now() + 3600 * kNsPerSecond, [&] { late.set(); });
  executor->post_at(executor->now() + kNsPerMs, [&] { early.set(); });
  threads().wait(early);
  EXPECT_FALSE(late.is_set());
}

TEST_P(Executors, PassABallBetweenThem) {
  constexpr int kPasses = 1'000;
  Notification done;
  int passes = 0;
  const auto left = threads().start({.name = "left"});
  const auto right = threads().start({.name = "right"});
  std::function<void(Executor&, Executor&)> pass = [&](Executor& here, Executor& there) {
    EXPECT_TRUE(here.current());
    if (++passes == kPasses) return done.set();
    there.post([&] { pass(there, here); });
  };
  left->post([&] { pass(*left, *right); });
  threads().wait(done);
  EXPECT_EQ(passes, kPasses);
}

TEST_P(Executors, DropWhatIsLeftWhenDestroyedAlsoWhatTheDroppedPost) {
  const auto owner = std::make_shared<int>(1);
  auto executor = threads().start({.name = "worker"});
  Executor& target = *executor;
  struct PostsAgain {
    explicit PostsAgain(Executor& to) : target(&to) {}
    PostsAgain(PostsAgain&& other) noexcept : target(std::exchange(other.target, nullptr)) {}
    ~PostsAgain() {
      if (target != nullptr) target->post([] {});
    }
    void operator()() const { ADD_FAILURE() << "ran after its executor"; }
    Executor* target;
  };
  const MonotonicTime later = target.now() + 3600 * kNsPerSecond;
  target.post_at(later, PostsAgain(target));
  target.post_at(later, [owner] { ADD_FAILURE(); });
  executor.reset();
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_P(Executors, AwaitHandsOverResultsErrorsAndDroppedCompletions) {
  auto executor = threads().start({.name = "worker"});
  const auto doubled = await<int>(threads(), [&](Completion<Result<int>> done) {
    executor->post([done = std::move(done)]() mutable { done(42); });
  });
  EXPECT_EQ(doubled.value(), 42);
  const auto failed = await<void>(threads(), [&](Completion<Result<void>> done) {
    executor->post([done = std::move(done)]() mutable {
      done(Error(ErrorCode::kDiskFull, "the disk is full"));
    });
  });
  EXPECT_EQ(failed.error().code(), ErrorCode::kDiskFull);
  const auto dropped = await<int>(threads(), [](Completion<Result<int>> done) { (void)done; });
  EXPECT_EQ(dropped.error().code(), ErrorCode::kCancelled);
}

TEST_P(Executors, ClockAndRandomAnswer) {
  const World pieces = world();
  EXPECT_GT(pieces.clock.wall_us(), 1'700'000'000'000'000);
  const MonotonicTime before = pieces.clock.now();
  EXPECT_GE(pieces.clock.now(), before);
  std::set<uint64_t> numbers;
  for (int count = 0; count < 1'000; ++count) numbers.insert(pieces.random.next());
  EXPECT_EQ(numbers.size(), 1'000U);
  EXPECT_GE(pieces.threads.parallelism(), 1);
}

TEST(PosixThreads, TakePostsFromManyThreadsWithoutLoss) {
  constexpr int kPosters = 4;
  constexpr int kPosts = 20'000;
  PosixThreads threads;
  Notification done;
  int ran = 0;
  const auto target = threads.start({.name = "target", .nice = 1});
  std::vector<std::unique_ptr<Executor>> posters;
  for (int poster = 0; poster < kPosters; ++poster) {
    posters.push_back(threads.start({.name = "a-name-longer-than-the-kernel-takes"}));
    posters.back()->post([&] {
      for (int post = 0; post < kPosts; ++post) {
        target->post([&] {
          if (++ran == kPosters * kPosts) done.set();
        });
      }
    });
  }
  threads.wait(done);
  EXPECT_EQ(ran, kPosters * kPosts);
}

// The order in which three executors append to one string, and the trace of it.
std::pair<std::string, uint64_t> interleaving(uint64_t seed) {
  SimulatedWorld world({.seed = seed});
  std::string order;
  std::vector<std::unique_ptr<Executor>> executors;
  for (const char name : {'a', 'b', 'c'}) {
    executors.push_back(world.threads().start({.name = std::string(1, name)}));
    for (int task = 0; task < 5; ++task) executors.back()->post([&, name] { order += name; });
  }
  world.threads().run_until_idle();
  return {order, world.trace_hash()};
}

TEST(PosixThreads, AnExecutorGoesAsSoonAsItsTaskHasSaidSoThoughItsPosterIsStillAwake) {
  PosixThreads threads;
  const auto poster = threads.start({.name = "poster"});
  for (int round = 0; round < 2'000; ++round) {
    auto executor = threads.start({.name = "brief"});
    Notification done;
    poster->post([&, to = executor.get()] { to->post([&] { done.set(); }); });
    threads.wait(done);
    executor.reset();
  }
}

TEST(SimulatedThreads, RepeatARunForItsSeedAndVaryItForAnother) {
  std::set<std::string> orders;
  std::set<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const auto first = interleaving(seed);
    EXPECT_EQ(first, interleaving(seed));
    orders.insert(first.first);
    hashes.insert(first.second);
  }
  EXPECT_GT(orders.size(), 15U);
  EXPECT_EQ(hashes.size(), 20U);
}

TEST(SimulatedThreads, JumpToTheNextTimerOrAreDrivenByHand) {
  SimulatedWorld world({.threads = {.task_ns_max = 0}});
  const auto executor = world.threads().start({.name = "ticker"});
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    executor->post_at(executor->now() + kNsPerSecond, [&] { tick(); });
  };
  executor->post([&] { tick(); });
  world.threads().run_until_idle();
  EXPECT_EQ(ticks, 1);
  const int64_t wall_us = world.clock().wall_us();
  world.threads().run_for(10 * kNsPerSecond + 1);
  EXPECT_EQ(ticks, 11);
  EXPECT_EQ(world.clock().wall_us() - wall_us, 10'000'000);
  world.clock().jump_wall(-3'600'000'000);
  EXPECT_EQ(world.clock().now().ns, 10 * kNsPerSecond + 1);
}

TEST(SimulatedThreadsDeathTest, NameADeadlockAndAHang) {
  SimulatedWorld world({.threads = {.wait_ns_max = 60 * kNsPerSecond}});
  Notification never;
  EXPECT_DEATH(world.threads().wait(never), "deadlock");
  const auto executor = world.threads().start({.name = "ticker"});
  std::function<void()> tick = [&] {
    executor->post_at(executor->now() + kNsPerSecond, [&] { tick(); });
  };
  tick();
  EXPECT_DEATH(world.threads().wait(never), "hang");
}

}  // namespace
}  // namespace millrace::io
