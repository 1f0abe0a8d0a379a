#include <algorithm>

#include "jobs/lowering.h"
#include "operators/changelog/upsert_normalize.h"
#include "operators/join/hash_join.h"
#include "operators/project/filter.h"
#include "operators/project/project.h"
#include "operators/project/unnest.h"
#include "operators/sort/sort_limit.h"
#include "operators/window/window_assign.h"
#include "plan/logical/join_bounds.h"

namespace millrace::jobs {
namespace {

operators::JoinKind operator_kind(plan::JoinKind kind) {
  switch (kind) {
    case plan::JoinKind::kLeft:
      return operators::JoinKind::kLeft;
    case plan::JoinKind::kRight:
      return operators::JoinKind::kRight;
    case plan::JoinKind::kFull:
      return operators::JoinKind::kFull;
    default:
      return operators::JoinKind::kInner;
  }
}

operators::JoinSideTime side_time(const plan::JoinBounds::Side& side) {
  const auto limit = [](const std::optional<plan::TimeLimit>& of) {
    return of ? std::optional(operators::TimeLimit{of->column, of->offset_us}) : std::nullopt;
  };
  return {.late = limit(side.late), .expires = limit(side.expires)};
}

// Whether every row of the node is a row that was read, and not one that was made from several.
bool comes_as_read(const plan::Node& node) {
  const bool is_source = node.as<plan::Scan>() != nullptr || node.as<plan::Values>() != nullptr;
  const bool keeps_rows =
      node.as<plan::Filter>() != nullptr || node.as<plan::Project>() != nullptr ||
      node.as<plan::AssignWindow>() != nullptr || node.as<plan::Unnest>() != nullptr ||
      node.as<plan::UnionAll>() != nullptr;
  return is_source || (keeps_rows && std::ranges::all_of(node.inputs, [](const auto& input) {
                         return comes_as_read(*input);
                       }));
}

}  // namespace

void Lowering::add_projection(Pipeline to, data::SchemaPtr schema,
                              std::vector<expr::ExpressionPtr> expressions) {
  append(to, [schema = std::move(schema), expressions = std::move(expressions)](uint32_t) {
    return operators::make_project({.output = schema, .expressions = expressions});
  });
}

Result<Lowering::Pipeline> Lowering::lower_filter(const plan::Node& node,
                                                  const plan::Filter& filter) {
  const Pipeline pipeline = MILLRACE_TRY(stream(node.input()));
  append(pipeline, [predicate = filter.predicate](uint32_t) {
    return operators::make_filter({.predicate = predicate});
  });
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_project(const plan::Node& node,
                                                   const plan::Project& project) {
  const Pipeline pipeline = MILLRACE_TRY(stream(node.input()));
  add_projection(pipeline, node.schema, project.expressions);
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_assign_window(const plan::Node& node,
                                                         const plan::AssignWindow& assign) {
  const Pipeline pipeline = MILLRACE_TRY(stream(node.input()));
  operators::WindowAssignSpec spec{.window = {.size_us = assign.window.size_us,
                                              .slide_us = assign.window.slide_us,
                                              .offset_us = assign.window.offset_us},
                                   .time_column = assign.time_column,
                                   .output = node.schema};
  append(pipeline, [spec](uint32_t) { return operators::make_window_assign(spec); });
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_unnest(const plan::Node& node,
                                                  const plan::Unnest& unnest) {
  const Pipeline pipeline = MILLRACE_TRY(stream(node.input()));
  operators::UnnestSpec spec{.output = node.schema,
                             .column = unnest.column,
                             .with_ordinality = unnest.with_ordinality,
                             .keeps_empty = unnest.keeps_empty};
  append(pipeline, [spec](uint32_t) { return operators::make_unnest(spec); });
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_normalize(const plan::Node& node,
                                                     const plan::Normalize& normalize) {
  const Pipeline pipeline = gather(MILLRACE_TRY(stream(node.input())), "upserts", normalize.keys);
  operators::UpsertNormalizeSpec spec{.schema = node.schema, .keys = normalize.keys};
  append(pipeline, [spec](uint32_t) { return operators::make_upsert_normalize(spec); }, node);
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_sort(const plan::Node& node, const plan::Sort& sort) {
  const bool by_source = comes_as_read(*node.input());
  const Pipeline pipeline = gather(MILLRACE_TRY(stream(node.input())), "sort", {}, by_source);
  operators::SortLimitSpec spec{.schema = node.schema,
                                .keys = {},
                                .by_source = by_source,
                                .limit = sort.limit,
                                .offset = sort.offset,
                                .changing_input = !node.input()->properties.append_only()};
  for (const plan::SortKey& key : sort.keys) {
    spec.keys.push_back({key.column, key.descending, key.nulls_first});
  }
  append(pipeline, [spec](uint32_t) { return operators::make_sort_limit(spec); }, node);
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_join(const plan::Node& node, const plan::Join& join) {
  operators::HashJoinSpec spec{.kind = operator_kind(join.kind),
                               .left = node.input(0)->schema,
                               .right = node.input(1)->schema,
                               .output = node.schema,
                               .keys = {},
                               .residual = join.residual,
                               .changing_left = !node.input(0)->properties.append_only(),
                               .changing_right = !node.input(1)->properties.append_only()};
  const plan::JoinBounds bounds = plan::join_bounds(join, node.inputs);
  spec.left_time = side_time(bounds.left);
  spec.right_time = side_time(bounds.right);
  std::vector<uint32_t> left_keys;
  std::vector<uint32_t> right_keys;
  for (const plan::JoinKey& key : join.keys) {
    spec.keys.push_back({key.left, key.right, key.nulls_equal});
    left_keys.push_back(key.left);
    right_keys.push_back(key.right);
  }
  const Pipeline left = MILLRACE_TRY(stream(node.input(0)));
  const Pipeline right = MILLRACE_TRY(stream(node.input(1)));
  const uint32_t shards = join.keys.empty() ? 1 : context_.parallelism;
  const Pipeline joined = begin("join", shards);
  if (shards == 1) {
    connect(left, joined, 0, engine::Routing::kSingle);
    connect(right, joined, 1, engine::Routing::kSingle);
  } else {
    connect(left, joined, 0, engine::Routing::kHash, left_keys);
    connect(right, joined, 1, engine::Routing::kHash, right_keys);
  }
  append(joined, [spec](uint32_t) { return operators::make_hash_join(spec); }, node);
  return joined;
}

}  // namespace millrace::jobs
