#include "cli/shell/shell_names.h"

#include "data/batch.h"
#include "data/value.h"
#include "session/client.h"

namespace millrace::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class RowCollector final : public session::Client {
 public:
  void begin_rows(const data::SchemaPtr& schema, bool) override { schema_ = schema; }
  void rows(const data::Batch& batch) override {
    batch.for_each_row([&](uint32_t row) {
      std::vector<std::string> cells;
      for (size_t index = 0; index < schema_->columns(); ++index) {
        cells.push_back(
            data::to_string(batch.column(index)->value(row), schema_->field(index).type));
      }
      collected_.push_back(std::move(cells));
    });
  }
  void end_rows() override {}
  void done(std::string_view) override {}
  void notice(std::string_view) override {}
  void progress(const session::Progress&) override {}

  Rows take() { return std::move(collected_); }

 private:
  data::SchemaPtr schema_;
  Rows collected_;
};

}  // namespace

Result<Rows> collect_rows(session::Session& session, const std::string& statement) {
  RowCollector collector;
  MILLRACE_TRY(session.execute(statement, "", collector));
  return collector.take();
}

// What cannot be asked offers nothing.
std::vector<std::string> ShellNames::first_column(const std::string& statement) {
  const auto rows = collect_rows(session_, statement);
  std::vector<std::string> names;
  if (!rows) return names;
  for (const std::vector<std::string>& row : *rows) names.push_back(row.front());
  return names;
}

std::vector<std::string> ShellNames::tables() {
  return first_column("SHOW TABLES; SHOW VIEWS;");
}

std::vector<std::string> ShellNames::columns(const std::string& table) {
  return first_column("DESCRIBE " + table + ";");
}

std::vector<std::string> ShellNames::functions() {
  if (functions_.empty()) {
    functions_ = first_column("SHOW FUNCTIONS;");
    // Names of another dialect, which nobody writes.
    std::erase_if(functions_, [](const std::string& name) { return name.contains(':'); });
  }
  return functions_;
}

std::vector<std::string> ShellNames::settings() {
  return first_column("SHOW ALL;");
}

}  // namespace millrace::cli
