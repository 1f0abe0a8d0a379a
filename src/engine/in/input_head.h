#pragma once

#include <memory>
#include <vector>

#include "engine/in/head.h"
#include "engine/in/watermark_merge.h"
#include "engine/out/channel.h"

namespace millrace::engine {

// One incoming channel of a task.
struct IncomingChannel {
  Port port = 0;
  std::shared_ptr<Channel> channel;
  uint32_t producer = 0;  // task
  // No rows will come: no split is read behind it. It never holds the watermark back, not even
  // until it says so: what is late does not depend on who starts first.
  bool dry = false;
};

// InputHead: merges a task's incoming channels: barriers are aligned (behind its barrier a channel
// is not read until all have theirs), times are minima over the channels of a port and over the
// ports, small batches are put together while more are waiting.
//
// Threading:  confined to its task.
class InputHead final : public Head {
 public:
  InputHead(std::vector<IncomingChannel> channels, size_t ports, TimeStart start,
            HeadContext context);

  Result<Step> feed(Chain& chain) override;
  void describe(TaskAck& ack) override;

 private:
  // Times of one domain: channels into ports, ports into one.
  struct Times {
    std::vector<WatermarkMerge> ports;  // over the port's channels
    WatermarkMerge merged;              // over the ports
  };
  struct Input {
    Port port = 0;
    size_t in_port = 0;  // which channel of its port
    std::shared_ptr<Channel> channel;
    bool at_barrier = false;
  };
  void push_start(Chain& chain);
  // Takes one event. False: nothing is there.
  bool take(Chain& chain, Input& input);
  void take_rows(Chain& chain, const Input& input, data::Batch batch);
  void take_signal(Chain& chain, Input& input, const Event& event);
  void take_time(Chain& chain, Port port, EventKind kind, Times& times);
  void take_idle(Chain& chain, const Input& input, bool idle);
  void push_end(Chain& chain);
  void pass_barrier(Chain& chain, Input& input, int64_t epoch);
  void flush(Chain& chain);

  HeadContext context_;
  const std::string position_name_;
  bool started_ = false;
  std::vector<Input> inputs_;
  Times event_;
  Times processing_;
  bool idle_ = false;
  bool ended_ = false;
  size_t next_input_ = 0;
  size_t at_barrier_ = 0;

  // Small batches of one port that wait for each other.
  std::vector<data::Batch> held_;
  uint32_t held_rows_ = 0;
  Port held_port_ = 0;
  std::vector<Timestamp> committed_floors_;
};

}  // namespace millrace::engine
