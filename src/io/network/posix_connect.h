#pragma once

#include <string>
#include <vector>

#include "io/network/posix_loop.h"

namespace millrace::io {

// Tries one address after the other and answers with the first that answers, or with the last
// failure, at `place`. REQUIRES: called on the loop; at least one address.
void connect_to_first(PosixLoop& loop, std::string place, std::vector<SocketAddress> addresses,
                      Completion<Result<StreamPtr>> done);

}  // namespace millrace::io
