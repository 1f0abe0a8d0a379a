#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/planner.h"

namespace millrace::session {

// Settings: what SET changes, checked when it is set.
//
// Threading: a value. Failure: kUnknownSetting with the nearest name, kInvalidOptionValue.
class Settings {
 public:
  explicit Settings(uint32_t parallelism) : parallelism_(parallelism) {}

  Result<void> set(std::string_view key, std::string_view value);
  Result<void> reset(std::string_view key);
  void reset_all() { written_.clear(); }
  // As it holds now.
  Result<std::string> value(std::string_view key) const;
  // Every setting: name, value, what it means.
  struct Row {
    std::string name, value, documentation;
  };
  std::vector<Row> rows() const;

  uint32_t parallelism() const;
  int64_t epoch_interval_us() const;
  uint32_t batch_rows_max() const;
  plan::PlanOptions plan_options() const;
  // Empty: from the statement.
  std::string job_name() const { return text("job.name"); }

 private:
  std::string text(std::string_view key) const;
  const uint32_t parallelism_;
  std::map<std::string, std::string, std::less<>> written_;
};

}  // namespace millrace::session
