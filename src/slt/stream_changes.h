#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "session/client.h"
#include "session/continuous_query.h"

namespace millrace::slt {

// Lines of changes in the order in which they are compared: by row, what goes before what comes.
void sort_changes(std::vector<std::string>& lines);

// StreamChanges: the client of a SUBSCRIBE: what it has told, as lines.
//
// Threading: as Client.
class StreamChanges final : public session::Client {
 public:
  void begin_rows(const data::SchemaPtr&, bool) override {}
  void rows(const data::Batch& batch) override;
  void end_rows() override {}
  void done(std::string_view) override {}
  void notice(std::string_view) override {}
  void progress(const session::Progress&) override {}

  // What tells rows apart, as the plan says.
  void set_key(session::ContinuousQuery::Key key) { key_ = std::move(key); }

  // The net change since the last call, "+I 1 | a", "-U 1 | a", sorted: a row that came and went is
  // none; -U and +U are the old and the new row of one key.
  // Failure, both: kOverRetraction: an epoch took away a row that was not there, or left two rows
  // of one key.
  Result<std::vector<std::string>> net();
  // All rows that are left, sorted.
  Result<std::vector<std::string>> fold();

 private:
  struct Change {
    std::string row;
    std::string key;  // empty where nothing but the whole row tells rows apart
    int64_t epoch = 0;
    int weight = 1;
  };
  // Rows with how often they are there.
  using Counts = std::map<std::string, int64_t, std::less<>>;

  Result<void> absorb();
  Result<void> check_epoch(int64_t epoch) const;
  void append_net(std::vector<std::string>& lines) const;

  session::ContinuousQuery::Key key_;
  std::vector<Change> told_;  // since the last absorb
  std::vector<Change> since_net_;
  Counts left_;
  Counts left_by_key_;
  std::optional<Error> wrong_;
};

}  // namespace millrace::slt
