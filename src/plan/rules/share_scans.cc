#include "plan/rules/share_scans.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "expr/build.h"
#include "plan/logical/rewrite.h"
#include "plan/logical/same_rows.h"

namespace millrace::plan {
namespace {

// All readers of one table.
struct Readers {
  std::vector<const Node*> nodes;
  std::set<uint32_t> columns;  // of the table
  std::set<uint32_t> reads;    // of the table
  NodePtr shared;
};

class SharedScans {
 public:
  explicit SharedScans(const std::vector<NodePtr>& sinks) {
    for (const NodePtr& sink : sinks) collect(*sink);
    for (auto& [name, readers] : tables_) {
      if (readers.nodes.size() > 1) merge(readers);
    }
  }

  NodePtr replace(const NodePtr& node) const {
    const auto* scan = node->as<Scan>();
    if (scan == nullptr) return node;
    const NodePtr& shared = tables_.at(key_of(*scan)).shared;
    return shared == nullptr ? node : read_shared(*node, *scan, shared);
  }

 private:
  static std::pair<std::string, bool> key_of(const Scan& scan) {
    return {scan.table->definition->name.to_string(), scan.until_now};
  }

  void collect(const Node& node) {
    if (!seen_.insert(&node).second) return;
    if (const auto* scan = node.as<Scan>()) {
      Readers& readers = tables_[key_of(*scan)];
      readers.nodes.push_back(&node);
      readers.columns.insert(scan->columns.begin(), scan->columns.end());
      readers.reads.insert(scan->reads.begin(), scan->reads.end());
    }
    for (const NodePtr& input : node.inputs) collect(*input);
  }

  static void merge(Readers& readers) {
    Scan shared = *readers.nodes.front()->as<Scan>();
    const bool same = std::ranges::all_of(readers.nodes, [&](const Node* node) {
      return same_filter(node->as<Scan>()->filter, shared.filter);
    });
    if (!same) {
      shared.filter = nullptr;
      for (const Node* node : readers.nodes) {
        const expr::ExpressionPtr& filter = node->as<Scan>()->filter;
        if (filter == nullptr) continue;
        for (const uint32_t column : expr::columns_of(*filter)) readers.columns.insert(column);
      }
    }
    shared.columns.assign(readers.columns.begin(), readers.columns.end());
    shared.reads.assign(readers.reads.begin(), readers.reads.end());
    std::vector<data::Field> fields;
    for (const uint32_t column : shared.columns) {
      fields.push_back(shared.table->schema->field(column));
    }
    readers.shared = make_node(std::move(shared), {}, data::make_schema(std::move(fields)),
                               readers.nodes.front()->identity);
  }

  // What `scan` gave, from the shared one.
  static NodePtr read_shared(const Node& node, const Scan& scan, const NodePtr& shared) {
    const auto& columns = shared->as<Scan>()->columns;
    std::vector<uint32_t> places(scan.table->schema->columns());
    for (uint32_t at = 0; at < columns.size(); ++at) places[columns[at]] = at;
    NodePtr rows = shared;
    if (scan.filter != nullptr && shared->as<Scan>()->filter == nullptr) {
      rows = make_node(Filter{expr::with_columns(scan.filter, places)}, {rows}, rows->schema);
    }
    if (scan.columns == columns) return rows;
    Project project;
    for (const uint32_t column : scan.columns) {
      project.expressions.push_back(expr::make_column(*shared->schema, places[column]));
    }
    return make_node(std::move(project), {std::move(rows)}, node.schema, node.identity);
  }

  std::set<const Node*> seen_;
  std::map<std::pair<std::string, bool>, Readers> tables_;
};

}  // namespace

std::vector<NodePtr> share_scans(const std::vector<NodePtr>& sinks) {
  const SharedScans scans(sinks);
  return rewrite(sinks, [&](const NodePtr& node) { return scans.replace(node); });
}

}  // namespace millrace::plan
