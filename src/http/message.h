#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::http {

// A request as it came. A plain value.
struct Request {
  std::string method;  // "GET"
  std::string path;    // "/metrics", percent-decoded
  std::string query;   // what stands behind the question mark, as it is
  std::vector<std::pair<std::string, std::string>> headers;  // in the order they came
  std::string body;
  bool keep_alive = true;

  // The first of this name, whatever its case; empty: there is none.
  std::string_view header(std::string_view name) const;
};

// A plain value.
struct Response {
  uint16_t status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // besides type and length
  std::string body;
};

// "Not Found" for 404.
std::string_view reason_of(uint16_t status);

// The response of an error: its reason, and a sentence.
Response error_response(uint16_t status, std::string_view why);

}  // namespace millrace::http
