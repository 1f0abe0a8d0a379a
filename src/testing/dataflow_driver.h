#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_account.h"
#include "engine/operator.h"
#include "state/state_store.h"
#include "testing/rows_text.h"

namespace millrace::testing {

struct DriverOptions {
  // Rows per batch that reach the operator; pushed ones are cut.
  uint32_t batch_rows_max = data::kBatchRowsMax;
  // Pushes after which the output is full; the operator is then to return kAgain and is resumed.
  // More than one push beyond that is an assertion.
  uint32_t credit = 1;
  uint32_t shard = 0;
  uint32_t shards = 1;
};

// DataflowDriver: one operator, driven by hand as its task would drive it: rows, times and barriers
// in, changes out, a crash wherever the test wants one.
//
//   DataflowDriver driver([] { return std::make_unique<CountByKey>(0); }, {schema_of("k INT")});
//   driver.push("1\n1\n2");
//   driver.barrier();
//   EXPECT_EQ(driver.net(), (std::vector<std::string>{"1 | 2", "2 | 1"}));
//
// What the operator pushes is checked on the way: one schema, batches within bounds, signs only
// where its traits allow them, no overshoot. Its state goes to deltas at each barrier and comes
// back from them.
//
// Failure: an Error of the operator is an assertion that prints it, but for try_push.
class DataflowDriver {
 public:
  using Factory = std::function<std::unique_ptr<engine::Operator>()>;
  DataflowDriver(Factory make, std::vector<data::SchemaPtr> inputs, DriverOptions options = {});
  ~DataflowDriver();

  // Rows as rows_of reads them.
  void push(std::string_view rows) { push(0, rows); }
  void push(engine::Port port, std::string_view rows);
  void push(engine::Port port, data::Batch batch);
  Result<void> try_push(engine::Port port, data::Batch batch);
  // Event time (µs) of one port, or of all; "00:05" as rows_of reads times.
  void watermark(engine::Port port, engine::Timestamp time);
  void watermark(engine::Timestamp time);
  void watermark(std::string_view time);
  // Processing time of all ports.
  void tick(engine::Timestamp time);
  // The port's rows have ended: both times become kTimeMax.
  void end(engine::Port port);
  void end();
  // Ends an epoch: the operator emits what it held, its state is staged and committed.
  void barrier();
  // Falls back to the last barrier: output and state since then are gone, the operator is a new
  // one.
  void crash();
  // The same, and all that was pushed since comes again.
  void crash_and_replay();

  // Changes since the last take, "+U 1 | 2".
  std::vector<std::string> take();
  // All changes so far folded: what a table of them would hold.
  std::vector<std::string> net() const;
  // All changes so far, in order.
  const std::vector<std::string>& changes() const { return changes_; }
  std::vector<std::string> take_late();
  std::vector<engine::Rejection> take_rejections();

  engine::Operator& op() { return *operator_; }
  state::StateStore& state() { return *store_; }
  // How often the operator suspended.
  uint64_t suspensions() const { return suspensions_; }
  size_t delta_bytes() const;

 private:
  class Collector;
  struct PortTimes {
    engine::Timestamp event = engine::kTimeMin;
    engine::Timestamp processing = engine::kTimeMin;
  };
  using Event = std::function<void()>;

  void open();
  Result<void> finish(Result<engine::Step> step);
  void must(Result<void> result) const;
  void set_time(engine::Port port, engine::TimeDomain domain, engine::Timestamp time);
  Result<void> push_now(engine::Port port, const data::Batch& batch);
  void remember(Event event);

  const Factory make_;
  const std::vector<data::SchemaPtr> inputs_;
  const DriverOptions options_;
  MemoryAccount memory_{"driver"};
  std::unique_ptr<engine::Operator> operator_;
  std::unique_ptr<state::StateStore> store_;
  std::unique_ptr<Collector> output_;
  data::SchemaPtr output_schema_;
  bool may_retract_ = false;  // by its traits, or because its input does
  std::vector<PortTimes> times_;
  std::vector<std::string> changes_;
  std::vector<std::string> late_;
  std::vector<engine::Rejection> rejections_;
  size_t taken_ = 0;
  uint64_t suspensions_ = 0;
  uint64_t epoch_ = 1;

  // As of the last barrier.
  std::vector<Buffer> deltas_;
  std::vector<PortTimes> committed_times_;
  size_t committed_changes_ = 0;
  std::vector<Event> since_barrier_;
  bool replaying_ = false;
};

}  // namespace millrace::testing
