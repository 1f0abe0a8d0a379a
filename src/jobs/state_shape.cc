#include "jobs/state_shape.h"

#include <fmt/core.h>

#include <span>
#include <string>
#include <vector>

#include "base/hash.h"

namespace millrace::jobs {
namespace {

std::string numbers(const std::vector<uint32_t>& columns) {
  std::string text;
  for (const uint32_t column : columns) text += fmt::format("{},", column);
  return text;
}

std::string of(const plan::Aggregate& aggregate) {
  std::string text = "by " + numbers(aggregate.keys);
  for (const plan::AggregateCall& call : aggregate.calls) {
    text += fmt::format(";{}({}){}{}", call.function, numbers(call.arguments),
                        call.distinct ? " distinct" : "", call.filter ? " filter" : "");
    if (call.filter) text += fmt::format(" {}", *call.filter);
  }
  if (!aggregate.window) return text;
  const plan::WindowSpec& window = aggregate.window->window;
  return text + fmt::format(";window {} {} {} of {}", window.size_us, window.slide_us,
                            window.offset_us, aggregate.window->time_column);
}

std::string of(const plan::Join& join) {
  std::string text = fmt::format("kind {} on ", static_cast<int>(join.kind));
  for (const plan::JoinKey& key : join.keys) text += fmt::format("{}={},", key.left, key.right);
  return text;
}

std::string of(const plan::Sort& sort) {
  std::string text = "by ";
  for (const plan::SortKey& key : sort.keys) {
    text += fmt::format("{}{}{},", key.column, key.descending ? " desc" : "",
                        key.nulls_first ? " first" : "");
  }
  return text;
}

std::string of(const plan::Normalize& normalize) {
  return "by " + numbers(normalize.keys);
}

std::string of(const plan::Sink& sink) {
  return "by " + numbers(sink.key_columns);
}

template <class Stateless>
std::string of(const Stateless&) {
  return {};
}

}  // namespace

uint64_t state_shape(const plan::Node& node) {
  std::string text =
      std::visit([](const auto& operation) { return of(operation); }, node.operation);
  for (const plan::NodePtr& input : node.inputs) {
    text += input->properties.append_only() ? "\nadded" : "\nchanging";
    for (const data::Field& field : input->schema->fields()) {
      text += fmt::format(", {} {}", field.name, field.type.to_string());
    }
  }
  return hash64(std::as_bytes(std::span(text)));
}

}  // namespace millrace::jobs
