#pragma once

#include <string_view>

#include "base/result.h"
#include "cli/exit_code.h"

namespace millrace::cli {

// stdout and stderr of the process. What is written to stdout after it has failed is dropped; the
// first failure also asks the running command to stop (SignalPipe, SIGPIPE), because nobody can see
// what it would do.
//
// Threading: any.
void write_out(std::string_view text);
void write_err(std::string_view text);  // behind all of stdout
void flush_out();
bool out_failed();

// Whether this stream is a terminal that understands more than lines.
bool is_screen(int descriptor);
// Columns of the terminal at stdout; 0: it is none.
size_t screen_columns();

// Reports what went wrong, unless it only was that the output failed: finish_output says so.
ExitCode conclude(const Result<void>& result);

// What the process ends with: `code`, unless stdout failed: a reader that went away (`| head`) is
// no error and gets no message; anything else gets one.
ExitCode finish_output(ExitCode code);

}  // namespace millrace::cli
