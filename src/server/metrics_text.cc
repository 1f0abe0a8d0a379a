#include "server/metrics_text.h"

#include <fmt/core.h>

namespace millrace::server {
namespace {

std::string escaped(std::string_view value, bool quotes) {
  std::string text;
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

void MetricsText::begin(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, escaped(help, false), type);
}

void MetricsText::counter(std::string_view name, std::string_view help, double value) {
  begin_counter(name, help);
  sample({}, value);
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value) {
  begin_gauge(name, help);
  sample({}, value);
}

void MetricsText::begin_counter(std::string_view name, std::string_view help) {
  begin(name, help, "counter");
}

void MetricsText::begin_gauge(std::string_view name, std::string_view help) {
  begin(name, help, "gauge");
}

void MetricsText::begin_histogram(std::string_view name, std::string_view help) {
  begin(name, help, "histogram");
}

void MetricsText::line(std::string_view suffix, const Labels& labels, double value) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  for (const auto& [name, text] : labels) {
    text_ += fmt::format("{}{}=\"{}\"", before, name, escaped(text, true));
    before = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += fmt::format(" {}\n", value);
}

void MetricsText::sample(const Labels& labels, double value) {
  line("", labels, value);
}

void MetricsText::sample(const Labels& labels, const HistogramCounts& counts, double unit) {
  uint64_t count = 0;
  Labels with_bound = labels;
  with_bound.emplace_back("le", "");
  for (size_t bucket = 0; bucket < counts.counts.size(); ++bucket) {
    count += counts.counts[bucket];
    const bool bounded = bucket < counts.bounds.size();
    const std::string bound =
        bounded ? fmt::format("{}", static_cast<double>(counts.bounds[bucket]) / unit) : "+Inf";
    with_bound.back().second = bound;
    line("_bucket", with_bound, static_cast<double>(count));
  }
  line("_sum", labels, static_cast<double>(counts.sum) / unit);
  line("_count", labels, static_cast<double>(count));
}

}  // namespace millrace::server
