#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"

namespace millrace::server {

// MetricsText: metrics in the text format that Prometheus scrapes
// (prometheus.io/docs/instrumenting/exposition_formats).
//
// Threading:  confined to one task.
// Order:      each metric once: counter or gauge with its value; or begin_*, then its samples.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // Only goes up; its name ends in _total.
  void counter(std::string_view name, std::string_view help, double value);
  void gauge(std::string_view name, std::string_view help, double value);

  // Of metrics with labels; one without samples is told all the same.
  void begin_counter(std::string_view name, std::string_view help);
  void begin_gauge(std::string_view name, std::string_view help);
  void begin_histogram(std::string_view name, std::string_view help);
  // Of the counter or gauge that was begun.
  void sample(const Labels& labels, double value);
  // Of the histogram that was begun: bounds and sum are divided by `unit`, which makes the
  // values seconds or bytes.
  void sample(const Labels& labels, const HistogramCounts& counts, double unit);

  std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view name, std::string_view help, std::string_view type);
  void line(std::string_view suffix, const Labels& labels, double value);

  std::string text_;
  std::string_view name_;  // of the metric that was begun: names are constants
};

}  // namespace millrace::server
