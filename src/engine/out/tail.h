#pragma once

#include "base/result.h"
#include "commit/ids.h"
#include "engine/step.h"
#include "engine/task/event.h"

namespace millrace::engine {

// Tail: the last stage of a task's chain: out to other tasks or into the epoch's unit.
//
// Threading:  confined to its task.
// Order:      on_event only while room() says so; after kAgain or kWait only resume, until kDone.
class Tail {
 public:
  virtual ~Tail() = default;
  virtual Result<void> open(OpenContext&) { return {}; }
  virtual Result<Step> on_event(Event event) = 0;
  virtual Result<Step> resume() = 0;
  // Whether a batch (or a signal) would be taken now.
  virtual bool room(bool batch) const = 0;
  // Asks to be woken when there is room. False: there is by now.
  virtual bool wait_for_room(bool batch) = 0;
  // Whether it takes kLate events.
  virtual bool takes_late() const { return false; }
  virtual Result<void> committed(commit::Epoch) { return {}; }
};

}  // namespace millrace::engine
