#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace millrace::kafka {

// A message of the generated headers (kafka/messages/*.h) from its bytes, all of them.
// Failure: kMalformedRequest with the byte.
template <class Message>
Result<Message> decode(Buffer body, int16_t version) {
  Reader reader(std::move(body), Message::flexible(version));
  Message message;
  message.decode(reader, version);
  MILLRACE_TRY(reader.finish(Message::kName));
  return message;
}

template <class Message>
std::vector<Buffer> encode(const Message& message, int16_t version) {
  Writer writer(Message::flexible(version));
  message.encode(writer, version);
  return writer.finish(false);
}

}  // namespace millrace::kafka
