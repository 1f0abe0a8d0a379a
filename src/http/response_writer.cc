#include "http/response_writer.h"

#include <fmt/core.h>

namespace millrace::http {

std::string write_response(const Response& response, bool keep_alive, bool head_only) {
  std::string text =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Length: {}\r\nContent-Type: {}\r\nConnection: {}\r\n",
                  response.status, reason_of(response.status), response.body.size(),
                  response.content_type, keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) text += fmt::format("{}: {}\r\n", name, value);
  text += "\r\n";
  if (!head_only) text += response.body;
  return text;
}

}  // namespace millrace::http
