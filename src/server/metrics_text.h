#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::server {

// MetricsText: metrics in the text format that Prometheus scrapes.
//
// Threading:  confined to one task.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  // Only goes up; its name ends in _total.
  void counter(std::string_view name, std::string_view help, double value);
  void gauge(std::string_view name, std::string_view help, double value);
  // One more value of the metric that was written last.
  void sample(std::string_view name, const Labels& labels, double value);
  // Begins a gauge with labels: samples follow.
  void gauge(std::string_view name, std::string_view help);

  std::string take() { return std::move(text_); }

 private:
  void head(std::string_view name, std::string_view help, std::string_view type);
  std::string text_;
};

}  // namespace millrace::server
