#include "http/request_parser.h"

#include <fmt/core.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

namespace millrace::http {

namespace beast = boost::beast::http;

struct RequestParser::Parser {
  beast::request_parser<beast::string_body> message;
};

namespace {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    uint8_t byte = 0;
    const char* digits = text.data() + at + 1;
    if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    at += 2;
  }
  return decoded;
}

uint16_t status_of(const boost::system::error_code& error) {
  if (error == beast::error::header_limit) return 431;
  if (error == beast::error::body_limit) return 413;
  return 400;
}

}  // namespace

RequestParser::RequestParser(RequestLimits limits) : limits_(limits) {
  restart();
}

RequestParser::~RequestParser() = default;

void RequestParser::restart() {
  parser_ = std::make_unique<Parser>();
  parser_->message.header_limit(limits_.header_bytes_max);
  parser_->message.body_limit(limits_.body_bytes_max);
  parser_->message.eager(true);
}

Result<std::optional<Request>> RequestParser::next() {
  while (!held_.empty() && !parser_->message.is_done()) {
    boost::system::error_code error;
    const size_t used = parser_->message.put(boost::asio::buffer(held_), error);
    held_.erase(0, used);
    if (error == beast::error::need_more) {
      // What is held is the beginning of a line or a chunk: bounded, or it is never one.
      if (held_.size() <= limits_.header_bytes_max) return std::nullopt;
      error = beast::error::header_limit;
    }
    if (error) {
      status_ = status_of(error);
      return Error(ErrorCode::kMalformedRequest,
                   fmt::format("not a request of HTTP/1.1: {}", error.message()));
    }
  }
  if (!parser_->message.is_done()) return std::nullopt;
  auto& message = parser_->message.get();
  Request request;
  request.method = std::string(message.method_string());
  const std::string_view target(message.target().data(), message.target().size());
  const size_t question = std::min(target.find('?'), target.size());
  auto path = percent_decoded(target.substr(0, question));
  if (!path) return Error(ErrorCode::kMalformedRequest, "the path has a '%' without two digits");
  request.path = *std::move(path);
  request.query = std::string(target.substr(std::min(question + 1, target.size())));
  for (const auto& field : message.base()) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.keep_alive = message.keep_alive();
  request.body = std::move(message.body());
  restart();
  return request;
}

}  // namespace millrace::http
