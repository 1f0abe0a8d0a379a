#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "data/batch.h"
#include "jobs/job_report.h"

namespace millrace::session {

using Progress = jobs::Progress;

// Client: whoever sent a statement, as the session sees it: a terminal, a connection, a test.
//
// Threading:  one call at a time; on the session's thread or on the door's executor.
// Order:      per statement: rows as begin_rows, rows*, end_rows; then done. Notices and progress
//             between.
class Client {
 public:
  virtual ~Client() = default;
  // `endless`: rows come until somebody stops the statement, and are to be shown as they come.
  virtual void begin_rows(const data::SchemaPtr& schema, bool endless) = 0;
  // Dense rows, all +I.
  virtual void rows(const data::Batch& batch) = 0;
  virtual void end_rows() = 0;
  // The statement is done; `tag` is what it was, "CREATE TABLE", "INSERT".
  virtual void done(std::string_view tag) = 0;
  // Something to know although all goes on, in one sentence.
  virtual void notice(std::string_view text) = 0;
  virtual void progress(const Progress& progress) = 0;
};

}  // namespace millrace::session
