#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace millrace::commit {

// Where the records of an epoch end. A plain value.
struct EpochEnd {
  int32_t epoch = -1;  // -1: unknown
  int64_t offset = -1;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

// LeaderEpochs: in which epochs the records of one partition were written. Each start of the log
// begins an epoch, higher than all before it; what is listed has records.
//
// Threading:  a plain value.
class LeaderEpochs {
 public:
  struct Start {
    int32_t epoch = 0;
    int64_t offset = 0;  // of its first record
    friend bool operator==(const Start&, const Start&) = default;
  };

  LeaderEpochs() = default;
  // REQUIRES: epochs rise, offsets do not fall.
  explicit LeaderEpochs(std::vector<Start> starts) : starts_(std::move(starts)) {}

  std::span<const Start> starts() const { return starts_; }
  // Whether the record at `offset`, the newest so far, begins `epoch`.
  bool begins(int32_t epoch) const { return starts_.empty() || starts_.back().epoch < epoch; }
  // REQUIRES: begins(epoch).
  void begin(int32_t epoch, int64_t offset);
  // Records before `offset` are gone: epochs that ended there are forgotten, but for the last one.
  void raise_start(int64_t offset);

  // Of the record at `offset`; 0 where none is known.
  int32_t at(int64_t offset) const;
  // Where the newest epoch up to `epoch` ends. `current` is that of the log now, which ends at
  // `log_end`. Unknown: `epoch` is above `current`, or none.
  EpochEnd end_of(int32_t epoch, int32_t current, int64_t log_end) const;

 private:
  std::vector<Start> starts_;
};

}  // namespace millrace::commit
