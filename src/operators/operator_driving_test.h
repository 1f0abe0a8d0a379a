#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "expr/build.h"
#include "expr/registry.h"
#include "functions/builtin.h"
#include "operators/aggregate/aggregate_call.h"
#include "testing/dataflow_driver.h"

namespace millrace::operators {

using Lines = std::vector<std::string>;

inline const expr::FunctionRegistry& registry() {
  static const expr::FunctionRegistry* const made = [] {
    auto* filled = new expr::FunctionRegistry;
    functions::register_builtin_functions(*filled);
    return filled;
  }();
  return *made;
}

inline AggregateCall call_of(std::string_view name, const data::Schema& input,
                             std::vector<uint32_t> arguments,
                             std::optional<uint32_t> filter = std::nullopt, bool distinct = false) {
  std::vector<expr::ExpressionPtr> expressions;
  for (const uint32_t column : arguments) expressions.push_back(expr::make_column(input, column));
  auto function = registry().aggregate(name, expressions);
  if (!function) ADD_FAILURE() << function.error().to_string();
  return {*function, std::move(arguments), filter, distinct};
}

inline expr::ExpressionPtr compare(std::string_view how, const data::Schema& schema, uint32_t left,
                                   uint32_t right) {
  auto call =
      registry().call(how, {expr::make_column(schema, left), expr::make_column(schema, right)});
  if (!call) ADD_FAILURE() << call.error().to_string();
  return *call;
}

template <class Spec>
testing::DataflowDriver drive(Result<std::unique_ptr<engine::Operator>> (*make)(Spec), Spec spec,
                              std::vector<data::SchemaPtr> inputs,
                              testing::DriverOptions options = {}) {
  return {[make, spec] {
            auto made = make(spec);
            if (!made) ADD_FAILURE() << made.error().to_string();
            return std::move(*made);
          },
          std::move(inputs), options};
}

// Batch cuts that every operator is tried with.
inline const std::vector<uint32_t>& batch_cuts() {
  static const std::vector<uint32_t> cuts = {1, 7, data::kBatchRowsMax};
  return cuts;
}

// RandomChanges: lines of rows, with retractions of rows that are live.
class RandomChanges {
 public:
  RandomChanges(uint64_t seed, std::function<std::string(std::mt19937_64&)> make)
      : random_(seed), make_(std::move(make)) {}
  std::mt19937_64& random() { return random_; }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  const std::vector<std::string>& live() const { return live_; }
  // "+I 1 | a", or "-D …" of a live row.
  std::string next(unsigned retract_percent) {
    if (!live_.empty() && chance(retract_percent)) {
      const size_t at = random_() % live_.size();
      const std::string row = live_[at];
      live_[at] = live_.back();
      live_.pop_back();
      return (chance(50) ? "-D " : "-U ") + row;
    }
    live_.push_back(make_(random_));
    return (chance(50) ? "+I " : "+U ") + live_.back();
  }
  std::string next_rows(size_t count, unsigned retract_percent) {
    std::string rows;
    for (size_t n = 0; n < count; ++n) rows += next(retract_percent) + "\n";
    return rows;
  }

 private:
  std::mt19937_64 random_;
  std::function<std::string(std::mt19937_64&)> make_;
  std::vector<std::string> live_;
};

// "1 | a" as its cells.
inline std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  size_t from = 0;
  for (size_t at; (at = row.find(" | ", from)) != std::string::npos; from = at + 3) {
    cells.push_back(row.substr(from, at - from));
  }
  cells.push_back(row.substr(from));
  return cells;
}

}  // namespace millrace::operators
