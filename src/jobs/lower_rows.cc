#include "jobs/lowering.h"
#include "operators/changelog/upsert_normalize.h"
#include "operators/join/hash_join.h"
#include "operators/project/filter.h"
#include "operators/project/project.h"
#include "operators/project/unnest.h"
#include "operators/sort/sort_limit.h"
#include "operators/window/window_assign.h"

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
  append(
      pipeline, [spec](uint32_t) { return operators::make_upsert_normalize(spec); },
      state_id(node));
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_sort(const plan::Node& node, const plan::Sort& sort) {
  const Pipeline pipeline = gather(MILLRACE_TRY(stream(node.input())), "sort", {});
  operators::SortLimitSpec spec{.schema = node.schema,
                                .keys = {},
                                .limit = sort.limit,
                                .offset = sort.offset,
                                .changing_input = !node.input()->properties.append_only()};
  for (const plan::SortKey& key : sort.keys) {
    spec.keys.push_back({key.column, key.descending, key.nulls_first});
  }
  append(pipeline, [spec](uint32_t) { return operators::make_sort_limit(spec); }, state_id(node));
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
  append(joined, [spec](uint32_t) { return operators::make_hash_join(spec); }, state_id(node));
  return joined;
}

}  // namespace millrace::jobs
