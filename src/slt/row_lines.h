#pragma once

#include <string>
#include <vector>

#include "data/batch.h"
#include "session/client.h"

namespace millrace::slt {

// The first `columns` columns of a row as a line: "1 | a | NULL". A text that is empty or ends in a
// blank stands in double quotes, a line break in it is \n.
std::string row_line(const data::Batch& batch, uint32_t row, size_t columns);

// RowLines: a client that keeps the rows of statements as lines.
//
// Threading: as Client.
class RowLines final : public session::Client {
 public:
  void begin_rows(const data::SchemaPtr&, bool) override {}
  void rows(const data::Batch& batch) override;
  void end_rows() override {}
  void done(std::string_view) override {}
  void notice(std::string_view) override {}
  void progress(const session::Progress&) override {}

  std::vector<std::string> take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

}  // namespace millrace::slt
