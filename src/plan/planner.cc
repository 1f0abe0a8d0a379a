#include "plan/planner.h"

#include <fmt/core.h>

#include <algorithm>

#include "plan/bind/bind_sink.h"
#include "plan/bind/bind_table.h"
#include "plan/bind/read_definition.h"
#include "plan/bind/refuse_feedback.h"
#include "plan/bind/use_path.h"
#include "plan/complete_plan.h"
#include "plan/explain.h"
#include "plan/show.h"
#include "sql/parse.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {}  // namespace

// One statement while it is planned.
class Planner::Binding {
 public:
  Binding(const Planner& planner, const sql::Statement& statement, const sql::SourceText& text)
      : planner_(planner),
        statement_(statement),
        text_(text),
        context_{.catalog = planner.catalog_,
                 .path = planner.path_,
                 .functions = planner.registries_.functions,
                 .connectors = planner.registries_.connectors,
                 .dialect = planner.options_.dialect} {}

  Result<BoundStatement> bind() {
    BoundStatement bound;
    bound.tag = std::string(sql::statement_name(statement_));
    bound.action = MILLRACE_TRY(
        std::visit([this](const auto& node) { return action(node); }, statement_.node));
    return bound;
  }

 private:
  using Action = decltype(BoundStatement::action);

  template <class Node>
  Result<Action> action(const Node&) {
    return text_.error(ErrorCode::kNotSupported, statement_.span,
                       fmt::format("{} cannot be planned yet", sql::statement_name(statement_)));
  }

  Result<Action> action(const sql::QueryStatement& statement) {
    context_.until_now = true;
    NodePtr query = MILLRACE_TRY(QueryBinder(context_, text_).bind(statement.query));
    if (!query->properties.bounded) {
      return text_
          .error(ErrorCode::kEndlessQuery, statement.query.span,
                 "the query reads an endless table that is no topic, and would never end")
          .remedy("SUBSCRIBE to it, or write its rows into a table with INSERT INTO.");
    }
    BoundQuery bound;
    bound.schema = query->schema;
    bound.plan.sinks.push_back(client_sink(std::move(query), SinkMode::kResult));
    bound.plan = complete_plan(std::move(bound.plan), planner_.options_.optimize);
    return bound;
  }

  Result<Action> action(const sql::Subscribe& subscribe) {
    NodePtr query = MILLRACE_TRY(QueryBinder(context_, text_).bind(subscribe.query));
    BoundQuery bound{.plan = {}, .schema = query->schema, .changes = true};
    bound.plan.sinks.push_back(client_sink(std::move(query), SinkMode::kChanges));
    bound.plan = complete_plan(std::move(bound.plan), planner_.options_.optimize);
    return bound;
  }

  Result<Action> action(const sql::Insert& insert) { return inserts({insert}); }
  Result<Action> action(const sql::StatementSet& set) { return inserts(set.inserts); }

  Result<Action> inserts(const std::vector<sql::Insert>& inserts) {
    BoundInsert bound;
    for (const sql::Insert& insert : inserts) {
      const catalog::Relation* relation = MILLRACE_TRY(find(insert.table));
      if (relation->table == nullptr) {
        return text_.error(ErrorCode::kNotReadable, insert.table.span,
                           "a view cannot be written to");
      }
      if (relation->system) {
        return text_.error(ErrorCode::kNotReadable, insert.table.span,
                           "a system table can only be read");
      }
      MILLRACE_TRY(add_insert(bound, insert, relation->table));
    }
    MILLRACE_TRY(refuse_feedback(bound.plan, targets_, text_));
    bound.text = sql::print(statement_);
    bound.plan = complete_plan(std::move(bound.plan), planner_.options_.optimize);
    return bound;
  }

  Result<void> add_insert(BoundInsert& bound, const sql::Insert& insert,
                          const catalog::TablePtr& table) {
    const BoundTablePtr target =
        MILLRACE_TRY(bind_table(table, context_.functions, context_.dialect));
    std::vector<LateOutput> late;
    BindContext context = context_;
    context.late = &late;
    bound.plan.sinks.push_back(MILLRACE_TRY(bind_insert(insert, target, context, text_)));
    bound.bounded &= bound.plan.sinks.back()->properties.bounded;
    bound.targets.push_back(table->name.to_short_string());
    targets_.push_back(insert.table.span);
    for (const LateOutput& output : late) {
      bound.plan.sinks.push_back(MILLRACE_TRY(late_sink(output, text_)));
      bound.targets.push_back(output.target->definition->name.to_short_string());
      targets_.push_back(output.span);
    }
    return {};
  }

  Result<Action> action(const sql::CreateTable& create) {
    BoundCreate bound{.relation = {}, .if_not_exists = create.if_not_exists};
    const sql::CreateTable resolved = MILLRACE_TRY(with_like(create));
    const auto name = MILLRACE_TRY(qualified(create.name));
    data::SchemaPtr query_schema;
    if (create.as_query) {
      query_schema = MILLRACE_TRY(QueryBinder(context_, text_).bind(*create.as_query))->schema;
    }
    const catalog::TablePtr table = MILLRACE_TRY(
        define_table(resolved, name, query_schema, context_.connectors, context_.functions, text_));
    MILLRACE_TRY(bind_table(table, context_.functions, context_.dialect));
    bound.relation = catalog::Relation::of(table);
    bound.relation.temporary = create.temporary;
    if (create.as_query) {
      const sql::Insert insert{.table = create.name,
                               .columns = {},
                               .query = *create.as_query,
                               .overwrite = false,
                               .span = create.name.span};
      bound.fill.emplace();
      MILLRACE_TRY(add_insert(*bound.fill, insert, table));
      MILLRACE_TRY(refuse_feedback(bound.fill->plan, targets_, text_));
      bound.fill->text = sql::print(statement_);
      bound.fill->plan = complete_plan(std::move(bound.fill->plan), planner_.options_.optimize);
    }
    return bound;
  }

  // LIKE u: what u's statement says, under what this one says itself.
  Result<sql::CreateTable> with_like(const sql::CreateTable& create) {
    if (!create.like) return create;
    const catalog::Relation* source = MILLRACE_TRY(find(create.like->source));
    if (source->table == nullptr) {
      return text_.error(ErrorCode::kInvalidDefinition, create.like->source.span,
                         "LIKE takes a table, not a view");
    }
    const auto parsed = MILLRACE_TRY(sql::parse_script(source->table->statement, "LIKE"));
    const auto& model = std::get<sql::CreateTable>(parsed.front().node);
    const auto wanted = [&](sql::LikeFeature feature) {
      bool including = true;
      for (const sql::LikeRule& rule : create.like->rules) {
        if (rule.feature != feature && rule.feature != sql::LikeFeature::kAll) continue;
        including = rule.treatment != sql::LikeTreatment::kExcluding;
      }
      return including;
    };
    sql::CreateTable merged = create;
    merged.columns.clear();
    for (const sql::ColumnDefinition& column : model.columns) {
      const auto* physical = std::get_if<sql::PhysicalColumn>(&column.node);
      const auto feature = physical == nullptr  ? sql::LikeFeature::kGenerated
                           : physical->metadata ? sql::LikeFeature::kMetadata
                                                : sql::LikeFeature::kAll;
      if (physical != nullptr && !physical->metadata) {
        merged.columns.push_back(column);
      } else if (wanted(feature)) {
        merged.columns.push_back(column);
      }
    }
    merged.columns.insert(merged.columns.end(), create.columns.begin(), create.columns.end());
    if (!merged.watermark && wanted(sql::LikeFeature::kWatermarks))
      merged.watermark = model.watermark;
    if (!merged.primary_key && wanted(sql::LikeFeature::kConstraints)) {
      merged.primary_key = model.primary_key;
    }
    if (wanted(sql::LikeFeature::kOptions)) {
      for (const sql::Option& option : model.options) {
        const bool own = std::ranges::any_of(
            create.options, [&](const sql::Option& other) { return other.key == option.key; });
        if (!own) merged.options.push_back(option);
      }
    }
    return merged;
  }

  Result<Action> action(const sql::CreateView& create) {
    const NodePtr query = MILLRACE_TRY(QueryBinder(context_, text_).bind(*create.query));
    if (!create.columns.empty() && create.columns.size() != query->schema->columns()) {
      return text_.error(ErrorCode::kColumnCount, create.name.span,
                         fmt::format("the query has {} columns, but {} names are given",
                                     query->schema->columns(), create.columns.size()));
    }
    BoundCreate bound{
        .relation = {}, .if_not_exists = create.if_not_exists, .or_replace = create.or_replace};
    bound.relation = catalog::Relation::of(
        define_view(create, MILLRACE_TRY(qualified(create.name)), context_.path));
    bound.relation.temporary = create.temporary;
    return bound;
  }

  Result<Action> action(const sql::Drop& drop) {
    const bool table = drop.kind == sql::ObjectKind::kTable;
    if (!table && drop.kind != sql::ObjectKind::kView) {
      return text_.error(ErrorCode::kNotSupported, statement_.span,
                         "DROP of anything but tables and views cannot be planned yet");
    }
    BoundDrop bound;
    for (const sql::QualifiedName& name : drop.names) {
      auto relation = find(name);
      if (!relation && drop.if_exists) continue;
      const catalog::Relation* found = MILLRACE_TRY(std::move(relation));
      if ((found->table != nullptr) != table || found->system) {
        Error error = text_.error(ErrorCode::kTableNotFound, name.span,
                                  fmt::format("'{}' is a {}{}", sql::print(name),
                                              found->system ? "system " : "", found->noun()));
        if (found->system) return error;
        return std::move(error).remedy(table ? "Write DROP VIEW." : "Write DROP TABLE.");
      }
      bound.relations.push_back(*found);
    }
    return bound;
  }

  Result<Action> action(const sql::Explain& explained) {
    const BoundStatement bound = MILLRACE_TRY(planner_.plan(*explained.statement, text_));
    const LogicalPlan* plan = nullptr;
    if (const auto* query = std::get_if<BoundQuery>(&bound.action)) plan = &query->plan;
    if (const auto* insert = std::get_if<BoundInsert>(&bound.action)) plan = &insert->plan;
    if (plan == nullptr) {
      return text_.error(ErrorCode::kNotSupported, statement_.span,
                         fmt::format("{} has no plan to explain", bound.tag));
    }
    return text_rows("plan", explain(*plan));
  }

  Result<Action> action(const sql::Describe& describe) {
    const catalog::Relation* relation = MILLRACE_TRY(find(describe.name));
    if (relation->table != nullptr) return describe_table(*relation->table);
    const sql::QualifiedName name = describe.name;
    sql::Select all;
    all.items.emplace_back(sql::Star{});
    sql::TableRef from;
    from.node = sql::NamedTable{.name = name, .options = {}, .as_of = {}};
    all.from.push_back(std::move(from));
    sql::Query query;
    query.body = std::move(all);
    const NodePtr node = MILLRACE_TRY(QueryBinder(context_, text_).bind(query));
    return describe_schema(*node->schema);
  }

  Result<Action> action(const sql::ShowSetting& show) { return BoundShowSettings{show.key}; }

  Result<Action> action(const sql::Show& show) {
    if (show.subject == sql::ShowSubject::kSettings) return BoundShowSettings{};
    const bool of_log =
        show.subject == sql::ShowSubject::kTopics || show.subject == sql::ShowSubject::kJobs;
    if (of_log) return BoundShowLog{show};
    auto rows = show_rows(show, context_.catalog, context_.functions);
    if (rows) return std::move(*rows);
    return text_.error(ErrorCode::kNotSupported, statement_.span,
                       sql::print(statement_) + " cannot be planned yet");
  }

  Result<Action> action(const sql::ShowCreate& show) {
    const catalog::Relation* relation = MILLRACE_TRY(find(show.name));
    return text_rows("statement", relation->statement);
  }

  Result<Action> action(const sql::Set& set) { return BoundSet{set.key, set.value}; }
  Result<Action> action(const sql::Reset& reset) {
    if (!reset.key) return BoundResetAll{};
    return BoundSet{*reset.key, std::nullopt};
  }
  Result<Action> action(const sql::Use& use) {
    auto path = use_path(use, context_.catalog, context_.path, text_);
    if (!path) return std::move(path).error();
    return BoundUse{std::move(*path)};
  }
  Result<Action> action(const sql::Flush&) { return BoundNothing{}; }
  Result<Action> action(const sql::Transaction&) { return BoundNothing{}; }

  Result<const catalog::Relation*> find(const sql::QualifiedName& name) const {
    auto relation = context_.catalog.find(parts_of(name), context_.path);
    if (relation) return relation;
    return text_.error(relation.error().code(), name.span, relation.error().message())
        .remedy(relation.error().remedy());
  }
  Result<catalog::QualifiedName> qualified(const sql::QualifiedName& name) const {
    auto made = catalog::Catalog::qualify(parts_of(name), context_.path);
    if (made) return made;
    return text_.error(made.error().code(), name.span, made.error().message());
  }

  const Planner& planner_;
  const sql::Statement& statement_;
  const sql::SourceText& text_;
  BindContext context_;
  std::vector<sql::Span> targets_;  // of the sinks bound so far
};

Result<BoundStatement> Planner::plan(const sql::Statement& statement,
                                     const sql::SourceText& text) const {
  return Binding(*this, statement, text).bind();
}

}  // namespace millrace::plan
