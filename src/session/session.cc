#include "session/session.h"

#include <fmt/core.h>

#include <array>
#include <mutex>
#include <span>

#include "base/hash.h"
#include "base/nearest.h"
#include "base/number_text.h"
#include "data/builder.h"
#include "jobs/show_log.h"
#include "session/change_rows.h"
#include "session/client.h"
#include "session/continuous_query.h"
#include "session/resources.h"
#include "session/row_fold.h"
#include "session/settings.h"
#include "sql/parse.h"

namespace millrace::session {

std::optional<size_t> find_statement_end(std::string_view text) {
  return sql::find_statement_end(text);
}

struct Session::State {
  explicit State(Resources given) : resources(given), settings(given.parallelism) {}

  Resources resources;
  Settings settings;
  catalog::NamePath path;
  catalog::CatalogPtr temporary = std::make_shared<const catalog::Catalog>();
  std::map<std::string, int> ordinals;  // of equal INSERTs in this session
  // An endless INSERT, which runs on beside the statements behind it.
  struct Running {
    std::string targets;
    std::unique_ptr<jobs::JobRun> run;
    io::MonotonicTime began;
  };
  std::vector<Running> running;
  std::mutex mutex;
  jobs::JobRun* current = nullptr;  // guarded by mutex: what request_stop ends
  bool stopping = false;            // guarded by mutex

  // Whether nobody has asked to stop yet.
  bool set_current(jobs::JobRun* run) {
    const std::lock_guard lock(mutex);
    current = run;
    if (stopping && run != nullptr) run->request_stop();
    return !stopping;
  }
};

// One statement of a script while it is carried out.
class Session::Execution {
 public:
  Execution(State& state, Client& client) : state_(state), client_(client) {}

  Result<void> run(const sql::Statement& statement, const sql::SourceText& text) {
    const plan::BoundStatement bound = MILLRACE_TRY(bind(statement, text));
    const Result<void> done =
        std::visit([this](const auto& action) { return act(action); }, bound.action);
    if (!done) return placed(done.error(), statement, text);
    client_.done(bound.tag);
    return {};
  }

  Result<std::unique_ptr<ContinuousQuery>> launch(const sql::Statement& statement,
                                                  const sql::SourceText& text, std::string name) {
    const plan::BoundStatement bound = MILLRACE_TRY(bind(statement, text));
    auto options = run_options(std::move(name));
    if (const auto* insert = std::get_if<plan::BoundInsert>(&bound.action)) {
      auto run = MILLRACE_TRY(start(insert->plan, std::move(options), {}));
      return std::make_unique<ContinuousQuery>(std::move(run), std::nullopt);
    }
    const auto* query = std::get_if<plan::BoundQuery>(&bound.action);
    if (query == nullptr || !query->changes) {
      return text
          .error(ErrorCode::kNotSupported, statement.span,
                 bound.tag + " does not run in the background")
          .remedy("SUBSCRIBE and INSERT do.");
    }
    const plan::Properties& properties = query->plan.sinks.front()->input()->properties;
    ContinuousQuery::Key key;
    if (properties.identity == plan::RowIdentity::kKeys) key = properties.keys.front();
    auto run = MILLRACE_TRY(subscribe(*query, std::move(options)));
    return std::make_unique<ContinuousQuery>(std::move(run), std::move(key));
  }

  // Waits for the endless ones, one after another; says how each ended.
  Result<void> finish_running() {
    Result<void> result;
    for (const State::Running& running : std::exchange(state_.running, {})) {
      const auto summary = finish(*running.run);
      if (summary) {
        client_.notice(running.targets + ": " + summary_text(*summary, running.began));
      } else if (result) {
        result = Error(summary.error());
      }
    }
    return result;
  }

 private:
  // What no finer place is known of went wrong at the statement.
  static Error placed(const Error& error, const sql::Statement& statement,
                      const sql::SourceText& text) {
    if (!error.place().empty() || error.code() == ErrorCode::kCancelled) return error;
    return text.error(error.code(), statement.span, error.message()).remedy(error.remedy());
  }

  Result<plan::BoundStatement> bind(const sql::Statement& statement, const sql::SourceText& text) {
    const auto catalog = state_.resources.catalog.current()->overlaid_by(*state_.temporary);
    const plan::Planner planner(*catalog, state_.path, state_.resources.registries,
                                state_.settings.plan_options());
    version_ = catalog->version();
    return planner.plan(statement, text);
  }

  Result<std::unique_ptr<jobs::JobRun>> subscribe(const plan::BoundQuery& query,
                                                  jobs::RunOptions options) {
    const data::SchemaPtr schema = change_schema(*query.schema);
    client_.begin_rows(schema, true);
    return start(query.plan, std::move(options),
                 [schema, &client = client_](const jobs::ResultRows::Chunk& chunk) {
                   client.rows(change_rows(schema, chunk));
                 });
  }

  Result<void> act(const plan::BoundQuery& query) {
    auto options = run_options(fmt::format("$query.{:016x}", unique()));
    options.forget = true;
    if (query.changes) {
      auto run = MILLRACE_TRY(subscribe(query, std::move(options)));
      MILLRACE_TRY(finish(*run));
      client_.end_rows();
      return {};
    }
    client_.begin_rows(query.schema, false);
    const bool changing = !query.plan.sinks.front()->input()->properties.append_only();
    RowFold fold(query.schema);
    const auto on_rows = [&](const jobs::ResultRows::Chunk& chunk) {
      if (changing) {
        fold.add(chunk.batch);
      } else {
        client_.rows(chunk.batch);
      }
    };
    auto run = MILLRACE_TRY(start(query.plan, std::move(options), on_rows));
    const jobs::Summary summary = MILLRACE_TRY(finish(*run));
    if (summary.end == jobs::End::kStopped) return Error(ErrorCode::kCancelled, "interrupted");
    if (changing) {
      for (const data::Batch& batch : MILLRACE_TRY(fold.finish())) client_.rows(batch);
    }
    client_.end_rows();
    if (summary.rows_rejected > 0) {
      client_.notice(count_of(summary.rows_rejected, "row") +
                     " could not be computed: see sys.errors");
    }
    if (summary.rows_skipped > 0) {
      client_.notice(count_of(summary.rows_skipped, "row") + " could not be computed, skipped");
    }
    return {};
  }

  Result<void> act(const plan::BoundInsert& insert) {
    const auto began = state_.resources.runtime.clock.now();
    auto run = MILLRACE_TRY(start(insert.plan, run_options(job_name(insert)), {}));
    if (!insert.bounded) {
      client_.notice(
          "runs on, because its input is endless; Ctrl-C commits what was read and ends it");
      state_.running.push_back({targets_of(insert), std::move(run), began});
      return {};
    }
    const jobs::Summary summary = MILLRACE_TRY(finish(*run));
    client_.notice(summary_text(summary, began));
    return {};
  }

  static std::string count_of(uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", with_commas(count), noun, count == 1 ? "" : "s");
  }

  // "2,000 rows in 0.4 s (5,000/s), 10 out, 1 late, 2 epochs; went on after epoch 7".
  std::string summary_text(const jobs::Summary& summary, io::MonotonicTime began) const {
    if (summary.end == jobs::End::kAlreadyComplete) {
      return "complete: an earlier run on this data directory has done this";
    }
    const int64_t took_ns = state_.resources.runtime.clock.now() - began;
    const double seconds = static_cast<double>(std::max<int64_t>(took_ns, 1)) / 1e9;
    const auto rate = static_cast<uint64_t>(static_cast<double>(summary.rows_in) / seconds);
    const bool measurable = seconds >= 0.1;
    std::string text = count_of(summary.rows_in, "row");
    if (measurable) text += fmt::format(" in {:.1f} s ({}/s)", seconds, with_commas(rate));
    text += fmt::format(", {} out", with_commas(summary.rows_out));
    if (summary.rows_late > 0) text += fmt::format(", {} late", with_commas(summary.rows_late));
    if (summary.rows_rejected > 0) {
      text += fmt::format(", {} rejected (see sys.errors)", with_commas(summary.rows_rejected));
    }
    if (summary.rows_skipped > 0) {
      text += fmt::format(", {} skipped", with_commas(summary.rows_skipped));
    }
    const uint64_t epochs = summary.last_epoch.value() - summary.resumed_after.value();
    text += ", " + count_of(epochs, "epoch");
    if (summary.resumed_after.value() != 0) {
      text += fmt::format("; went on after epoch {}", summary.resumed_after.value());
    }
    if (summary.end == jobs::End::kStopped) text += "; stopped";
    return text;
  }

  Result<void> act(const plan::BoundCreate& create) {
    const catalog::Relation& relation = create.relation;
    if (relation.temporary) {
      state_.temporary = state_.temporary->with(relation, version_);
      return {};
    }
    const auto catalog = state_.resources.catalog.current();
    const catalog::Relation* existing = catalog->find_exact(relation.name);
    // The same text again is no error: a script on a data directory is run again.
    const bool same = existing != nullptr && existing->statement == relation.statement;
    if (existing != nullptr && (same || create.if_not_exists)) return fill(create);
    MILLRACE_TRY(state_.resources.catalog.create(relation, state_.path, create.or_replace,
                                                 catalog->version()));
    return fill(create);
  }

  Result<void> fill(const plan::BoundCreate& create) {
    return create.fill ? act(*create.fill) : Result<void>();
  }

  Result<void> act(const plan::BoundDrop& drop) {
    for (const catalog::Relation& relation : drop.relations) {
      if (relation.temporary) {
        state_.temporary = state_.temporary->without(relation.name, version_);
        continue;
      }
      auto& catalog = state_.resources.catalog;
      MILLRACE_TRY(catalog.drop(relation, catalog.current()->version()));
    }
    return {};
  }

  Result<void> act(const plan::BoundRows& rows) {
    data::BatchBuilder builder(rows.schema, static_cast<uint32_t>(rows.rows.size()));
    client_.begin_rows(rows.schema, false);
    for (const auto& row : rows.rows) {
      builder.append_row(row);
      if (builder.full()) client_.rows(builder.finish());
    }
    if (!builder.empty()) client_.rows(builder.finish());
    client_.end_rows();
    return {};
  }

  Result<void> act(const plan::BoundSet& set) {
    return set.value ? state_.settings.set(set.key, *set.value) : state_.settings.reset(set.key);
  }
  Result<void> act(const plan::BoundResetAll&) {
    state_.settings.reset_all();
    return {};
  }
  Result<void> act(const plan::BoundShowSettings& show) {
    if (!show.key) {
      plan::BoundRows all{text_schema({"setting", "value", "description"}), {}};
      for (const Settings::Row& row : state_.settings.rows()) {
        all.rows.push_back({row.name, row.value, row.documentation});
      }
      return act(all);
    }
    const auto value = state_.settings.value(*show.key);
    if (!value) return with_subjects(value.error(), *show.key);
    return act(plan::BoundRows{text_schema({*show.key}), {{*value}}});
  }
  // SHOW TABELS is read as the name of a setting.
  static Error with_subjects(Error unknown, std::string_view key) {
    constexpr auto kSubjects = std::to_array<std::string_view>(
        {"TABLES", "VIEWS", "JOBS", "FUNCTIONS", "TOPICS", "SETTINGS"});
    const std::string_view near = nearest_name(key, kSubjects);
    if (near.empty()) return unknown;
    return std::move(unknown).remedy(fmt::format("Did you mean SHOW {}?", near));
  }
  Result<void> act(const plan::BoundShowLog& show) {
    return act(jobs::show_log(show.show, state_.resources.runtime));
  }
  Result<void> act(const plan::BoundUse& use) {
    state_.path = use.path;
    return {};
  }
  Result<void> act(const plan::BoundNothing&) { return {}; }

  static data::SchemaPtr text_schema(const std::vector<std::string>& names) {
    std::vector<data::Field> fields;
    for (const std::string& name : names) {
      fields.push_back({.name = name, .type = data::TypeKind::kVarchar, .nullable = false});
    }
    return data::make_schema(std::move(fields));
  }

  uint64_t unique() const {
    const int64_t now = state_.resources.runtime.clock.now().ns;
    const int64_t wall = state_.resources.runtime.clock.wall_us();
    return static_cast<uint64_t>(now) * 0x9E3779B97F4A7C15ULL ^ static_cast<uint64_t>(wall);
  }

  static std::string targets_of(const plan::BoundInsert& insert) {
    std::string targets;
    for (const std::string& target : insert.targets) {
      targets += (targets.empty() ? "" : "+") + target;
    }
    return targets;
  }

  // engine.md, Identity: `job.name`, else targets + hash of the statement + ordinal in the script.
  std::string job_name(const plan::BoundInsert& insert) {
    const std::string name = state_.settings.job_name();
    if (!name.empty()) return name;
    const uint64_t hash = hash64(std::as_bytes(std::span(insert.text)));
    const int ordinal = state_.ordinals[insert.text]++;
    std::string made = fmt::format("{}.{:08x}.{}", targets_of(insert), hash >> 32, ordinal);
    if (state_.resources.always_execute) made += fmt::format(".{:016x}", unique());
    return made;
  }

  jobs::RunOptions run_options(std::string name) const {
    const Settings& settings = state_.settings;
    return {.name = std::move(name),
            .parallelism = settings.parallelism(),
            .epoch_interval_us = settings.epoch_interval_us(),
            .batch_rows_max = settings.batch_rows_max()};
  }

  Result<std::unique_ptr<jobs::JobRun>> start(
      const plan::LogicalPlan& plan, jobs::RunOptions options,
      std::function<void(const jobs::ResultRows::Chunk&)> on_rows) {
    return jobs::JobRun::start(
        plan, std::move(options),
        {.on_rows = std::move(on_rows),
         .on_notice = [&client =
                           client_](const Error& notice) { client.notice(notice.to_string()); },
         .on_progress = [&client =
                             client_](const Progress& progress) { client.progress(progress); }},
        state_.resources.runtime);
  }

  Result<jobs::Summary> finish(jobs::JobRun& run) {
    state_.set_current(&run);
    auto summary = run.wait();
    state_.set_current(nullptr);
    return summary;
  }

  State& state_;
  Client& client_;
  uint64_t version_ = 0;
};

Session::Session(const Resources& resources) : state_(std::make_unique<State>(resources)) {}

Session::~Session() = default;

Result<void> Session::execute(std::string_view script, std::string_view file_name, Client& client) {
  const auto statements = MILLRACE_TRY(sql::parse_script(script, file_name));
  const sql::SourceText text(script, file_name);
  Result<void> result;
  for (const sql::Statement& statement : statements) {
    result = Execution(*state_, client).run(statement, text);
    const std::lock_guard lock(state_->mutex);
    if (!result) state_->stopping = true;
    if (state_->stopping) break;
  }
  const Result<void> ended = Execution(*state_, client).finish_running();
  const std::lock_guard lock(state_->mutex);
  state_->stopping = false;
  return result ? ended : result;
}

Result<std::unique_ptr<ContinuousQuery>> Session::launch(std::string_view statement,
                                                         std::string_view file_name,
                                                         std::string name, Client& client) {
  auto statements = MILLRACE_TRY(sql::parse_script(statement, file_name));
  const sql::SourceText text(statement, file_name);
  if (statements.size() != 1) {
    return Error(ErrorCode::kNotSupported, "one statement is launched at a time")
        .at(std::string(file_name));
  }
  auto& node = statements.front().node;
  if (auto* query = std::get_if<sql::QueryStatement>(&node)) {
    node = sql::Subscribe{std::move(query->query)};
  }
  return Execution(*state_, client).launch(statements.front(), text, std::move(name));
}

void Session::request_stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  if (state_->current != nullptr) state_->current->request_stop();
}

Result<void> Session::set(std::string_view key, std::string_view value) {
  return state_->settings.set(key, value);
}

}  // namespace millrace::session
