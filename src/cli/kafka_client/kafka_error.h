#pragma once

#include <string_view>

#include "base/error.h"

namespace millrace::cli {

// A code of librdkafka (its own below -1, else the protocol's) as an Error. `text`: the sentence
// that came with it; empty: the one that belongs to the code.
Error kafka_error(int code, std::string_view text = {});

// Whether the code only says that a server cannot be reached at the moment.
bool is_connection_error(int code);

// What librdkafka tells about a connection, without the names of its own parts: "Connection
// refused" of "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection refused (after
// 0ms in state CONNECT)".
std::string_view plain_reason(std::string_view told);

}  // namespace millrace::cli
