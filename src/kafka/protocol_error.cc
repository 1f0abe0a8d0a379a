#include "kafka/protocol_error.h"

namespace millrace::kafka {

std::string_view name_of(ProtocolError error) {
  switch (error) {
    case ProtocolError::kNone:
      return "NONE";
#define MILLRACE_KAFKA_ERROR(name, code, text, retriable) \
  case ProtocolError::k##name:                            \
    return text;
#include "kafka/protocol_errors.def"
#undef MILLRACE_KAFKA_ERROR
  }
  return name_of(ProtocolError::kUnknownServerError);
}

bool is_retriable(ProtocolError error) {
  switch (error) {
#define MILLRACE_KAFKA_ERROR(name, code, text, retriable) \
  case ProtocolError::k##name:                            \
    return retriable;
#include "kafka/protocol_errors.def"
#undef MILLRACE_KAFKA_ERROR
    default:
      return false;
  }
}

}  // namespace millrace::kafka
