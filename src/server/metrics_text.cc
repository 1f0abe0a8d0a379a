#include "server/metrics_text.h"

#include <fmt/core.h>

namespace millrace::server {
namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

void MetricsText::head(std::string_view name, std::string_view help, std::string_view type) {
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::counter(std::string_view name, std::string_view help, double value) {
  head(name, help, "counter");
  sample(name, {}, value);
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value) {
  gauge(name, help);
  sample(name, {}, value);
}

void MetricsText::gauge(std::string_view name, std::string_view help) {
  head(name, help, "gauge");
}

void MetricsText::sample(std::string_view name, const Labels& labels, double value) {
  text_ += name;
  for (size_t i = 0; i < labels.size(); ++i) {
    text_ +=
        fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first, escaped(labels[i].second));
  }
  if (!labels.empty()) text_ += "}";
  text_ += fmt::format(" {:.17g}\n", value);
}

}  // namespace millrace::server
