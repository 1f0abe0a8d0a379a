#include "broker/refusal.h"

namespace millrace::broker {

Refusal Refusal::of(kafka::ProtocolError code, const Error& error) {
  std::string message;
  if (!error.place().empty()) message = error.place() + ": ";
  message += error.message() + ".";
  if (!error.remedy().empty()) message += " " + error.remedy();
  return {code, std::move(message)};
}

Refusal Refusal::of(const Error& error) {
  return of(static_cast<kafka::ProtocolError>(error_info(error.code()).kafka_error), error);
}

}  // namespace millrace::broker
