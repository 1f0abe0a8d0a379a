#include "kafka/request_header.h"

#include "kafka/wire/reader.h"

namespace millrace::kafka {
namespace {

constexpr int16_t kApiVersions = 18;

}  // namespace

Result<Request> read_request(Buffer frame) {
  Request request;
  RequestHeader& header = request.header;
  // The client's id has an int16 length in every version.
  Reader fixed(frame, false);
  header.api_key = fixed.number<int16_t>();
  header.version = fixed.number<int16_t>();
  header.correlation_id = fixed.number<int32_t>();
  header.client_id = fixed.nullable_string();
  if (!fixed.good()) {
    MILLRACE_TRY(fixed.finish("a request's header"));
  }
  request.api = find_api(header.api_key);
  if (request.api == nullptr || header.version < 0 || header.version > request.api->versions_max) {
    return request;
  }
  Buffer rest = frame.slice(fixed.position(), frame.bytes() - fixed.position());
  if (request.api->flexible(header.version)) {
    Reader tags(rest, true);
    tags.skip_tags();
    if (!tags.good()) MILLRACE_TRY(tags.finish("a request's header"));
    rest = rest.slice(tags.position(), rest.bytes() - tags.position());
  }
  request.body = std::move(rest);
  return request;
}

std::vector<Buffer> write_request(const RequestHeader& header, const std::vector<Buffer>& body) {
  Writer writer(false);
  writer.number(header.api_key);
  writer.number(header.version);
  writer.number(header.correlation_id);
  writer.nullable_string(header.client_id);
  const Api* api = find_api(header.api_key);
  if (api != nullptr && api->flexible(header.version)) writer.uvarint(0);
  for (const Buffer& part : body) writer.raw(part);
  return writer.finish(true);
}

void begin_response(const RequestHeader& header, int16_t api_key, Writer& writer) {
  writer.number(header.correlation_id);
  if (writer.flexible() && api_key != kApiVersions) writer.uvarint(0);
}

}  // namespace millrace::kafka
