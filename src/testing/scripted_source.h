#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/row_functions.h"
#include "engine/source.h"

namespace millrace::testing {

// ScriptedSource: splits whose batches the test has written down, or goes on writing. A reader
// gives one batch per poll; its position is the number of batches read. Survives jobs, so that a
// restarted one reads the same.
//
// Threading:  synchronised inside. Ownership: outlives its readers.
class ScriptedSource final : public engine::Source {
 public:
  // `bounded`: a split ends behind its last batch; otherwise it waits for more.
  ScriptedSource(data::SchemaPtr schema, bool bounded);
  ~ScriptedSource() override;

  void add_split(engine::Split split, std::vector<data::Batch> batches = {});
  // More rows for a split; wakes its reader.
  void append(const std::string& split, data::Batch batch);
  // From now on: each split ends behind its last batch.
  void finish();
  void set_identity(const std::string& split, std::string identity);
  void remove_split(const std::string& split);
  // The poll that would give this batch of the split fails instead, once.
  void fail_at(const std::string& split, size_t batch, Error error);
  // This batch of the split is a row that cannot be decoded.
  void reject_at(const std::string& split, size_t batch, engine::Rejection rejection);
  // While stalled the split gives nothing and is not caught up, as one whose data is being fetched.
  void stall(const std::string& split, bool stalled);
  // Batches given, over all readers.
  uint64_t batches_read() const;

  data::SchemaPtr schema() const override { return schema_; }
  Result<std::vector<engine::Split>> splits() override;
  Result<std::unique_ptr<engine::SplitReader>> open(const engine::Split& split,
                                                    const engine::Position& from,
                                                    io::Wake wake) override;
  bool bounded() const override { return bounded_; }

 private:
  class Reader;
  struct Script {
    engine::Split split;
    std::vector<data::Batch> batches;
    bool stalled = false;
    std::map<size_t, Error> failures;
    std::map<size_t, engine::Rejection> rejections;
    std::vector<Reader*> readers;
  };
  Script& script(const std::string& split);
  void wake_all(Script& script);

  const data::SchemaPtr schema_;
  const bool bounded_;
  mutable std::mutex mutex_;
  bool finished_ = false;
  uint64_t batches_read_ = 0;
  std::vector<std::unique_ptr<Script>> scripts_;
};

// EventTimeColumn: event time is a column of 64-bit microseconds, the watermark lags behind it.
class EventTimeColumn final : public engine::EventTime {
 public:
  explicit EventTimeColumn(uint32_t column, int64_t lag_us = 0)
      : column_(column), lag_us_(lag_us) {}
  Result<data::Batch> evaluate(data::Batch batch, std::vector<engine::Timestamp>& times,
                               std::vector<engine::Timestamp>& watermarks,
                               std::vector<engine::Rejection>& rejections) override;
  std::string row_as_json(const data::Batch& batch, uint32_t row) const override;

 private:
  const uint32_t column_;
  const int64_t lag_us_;
};

// ColumnAbove: keeps rows whose BIGINT column is greater than a bound.
class ColumnAbove final : public engine::RowFilter {
 public:
  ColumnAbove(uint32_t column, int64_t bound) : column_(column), bound_(bound) {}
  Result<data::Batch> filter(data::Batch batch,
                             std::vector<engine::Rejection>& rejections) override;

 private:
  const uint32_t column_;
  const int64_t bound_;
};

}  // namespace millrace::testing
