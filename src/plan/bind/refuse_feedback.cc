#include "plan/bind/refuse_feedback.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string>

namespace millrace::plan {
namespace {

using catalog::TableDefinition;

bool same_topic(const TableDefinition& one, const TableDefinition& other) {
  return one.connector == other.connector && one.topic() == other.topic();
}

// Tables below a node whose reading does not end.
void collect_endless(const NodePtr& node, std::set<const Node*>& seen,
                     std::vector<const TableDefinition*>& tables) {
  if (!seen.insert(node.get()).second) return;
  if (const auto* scan = node->as<Scan>()) {
    if (!node->properties.bounded) tables.push_back(scan->table->definition.get());
  }
  for (const NodePtr& input : node->inputs) collect_endless(input, seen, tables);
}

// The sinks of a job and what each of them reads.
class Circles {
 public:
  explicit Circles(const LogicalPlan& plan) {
    for (const NodePtr& sink : plan.sinks) {
      targets_.push_back(sink->as<Sink>()->table->definition.get());
      std::set<const Node*> seen;
      collect_endless(sink, seen, reads_.emplace_back());
    }
  }

  // The sinks by which rows of `start`'s target come back to it, `start` last; empty: they do not.
  std::vector<size_t> way_round(size_t start) {
    visited_.assign(targets_.size(), false);
    std::vector<size_t> way;
    find_way(start, start, way);
    return way;
  }

  std::string name(size_t sink) const { return targets_[sink]->name.to_short_string(); }

 private:
  bool find_way(size_t from, size_t start, std::vector<size_t>& way) {
    for (size_t sink = 0; sink < targets_.size(); ++sink) {
      const bool reads = std::ranges::any_of(reads_[sink], [&](const TableDefinition* table) {
        return same_topic(*table, *targets_[from]);
      });
      if (!reads || visited_[sink]) continue;
      visited_[sink] = true;
      way.push_back(sink);
      if (sink == start || find_way(sink, start, way)) return true;
      way.pop_back();
    }
    return false;
  }

  std::vector<const TableDefinition*> targets_;
  std::vector<std::vector<const TableDefinition*>> reads_;
  std::vector<bool> visited_;
};

}  // namespace

Result<void> refuse_feedback(const LogicalPlan& plan, const std::vector<sql::Span>& targets,
                             const sql::SourceText& text) {
  Circles circles(plan);
  // The last target that closes a circle is where a reader of the script meets it.
  for (size_t at = plan.sinks.size(); at-- > 0;) {
    const std::vector<size_t> way = circles.way_round(at);
    if (way.empty()) continue;
    std::string through;
    if (way.size() > 1) {
      through = fmt::format(" ({}", circles.name(at));
      for (const size_t sink : way) through += " -> " + circles.name(sink);
      through += ")";
    }
    return text
        .error(ErrorCode::kEndlessQuery, targets[at],
               fmt::format("what is written to '{}' would be read again by the same job{}, "
                           "and so on for ever",
                           circles.name(at), through))
        .remedy("Write into a table that the query does not read.");
  }
  return {};
}

}  // namespace millrace::plan
