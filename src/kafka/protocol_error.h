#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::kafka {

// What a response says went wrong, in the protocol's codes; kNone: nothing.
enum class ProtocolError : int16_t {
  kNone = 0,
#define MILLRACE_KAFKA_ERROR(name, code, text, retriable) k##name = (code),
#include "kafka/protocol_errors.def"
#undef MILLRACE_KAFKA_ERROR
};

constexpr int16_t code_of(ProtocolError error) {
  return static_cast<int16_t>(error);
}
// "UNKNOWN_TOPIC_OR_PARTITION"; "NONE" for kNone, "UNKNOWN_SERVER_ERROR" for a code that is none.
std::string_view name_of(ProtocolError error);
// Whether clients send the request again by themselves.
bool is_retriable(ProtocolError error);

}  // namespace millrace::kafka
