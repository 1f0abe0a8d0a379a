#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/request_parser.h"
#include "http/response_writer.h"
#include "http/router.h"
#include "io/simulated_world.h"

namespace millrace::http {
namespace {

// All requests in `bytes`, given in pieces of `piece` bytes.
std::vector<Request> parse(std::string_view bytes, size_t piece) {
  RequestParser parser({});
  std::vector<Request> requests;
  while (!bytes.empty()) {
    parser.put(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (true) {
      auto request = parser.next();
      EXPECT_TRUE(request.has_value()) << request.error().to_string();
      if (!request || !*request) break;
      requests.push_back(**request);
    }
  }
  return requests;
}

TEST(RequestParser, RequestsComeBackHoweverTheyAreCut) {
  const std::string bytes =
      "GET /a%20b?x=1&y HTTP/1.1\r\nHost: h\r\nX-Name: v\r\n\r\n"
      "POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const size_t piece : {1UL, 2UL, 7UL, 1000UL}) {
    const auto requests = parse(bytes, piece);
    ASSERT_EQ(requests.size(), 3U) << piece;
    EXPECT_EQ(requests[0].method, "GET");
    EXPECT_EQ(requests[0].path, "/a b");
    EXPECT_EQ(requests[0].query, "x=1&y");
    EXPECT_EQ(requests[0].header("x-name"), "v");
    EXPECT_EQ(requests[0].header("none"), "");
    EXPECT_TRUE(requests[0].keep_alive);
    EXPECT_EQ(requests[1].body, "hello");
    EXPECT_EQ(requests[2].body, "abcde");
    EXPECT_FALSE(requests[2].keep_alive);
  }
}

uint16_t refused(std::string_view bytes) {
  RequestParser parser({.header_bytes_max = 200, .body_bytes_max = 10});
  parser.put(bytes);
  while (true) {
    const auto request = parser.next();
    if (!request) {
      EXPECT_EQ(request.error().code(), ErrorCode::kMalformedRequest);
      return parser.status();
    }
    if (!*request) return 0;
  }
}

TEST(RequestParser, WhatIsNoRequestIsRefusedWithItsStatus) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 0);
  EXPECT_EQ(refused("nonsense\r\n\r\n"), 400);
  EXPECT_EQ(refused(std::string("\0\0\0\x10\0\x12\0\3", 8) + std::string(300, '\0')), 400);
  EXPECT_EQ(refused("GET /%4 HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nX: " + std::string(300, 'a')), 431);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n"), 413);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n"), 400);
}

TEST(ResponseWriter, HasLengthAndTypeAndNoBodyForHead) {
  const Response response{
      .status = 200, .content_type = "text/plain", .headers = {{"X", "y"}}, .body = "ok\n"};
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n"
      "Connection: close\r\nX: y\r\n\r\n";
  EXPECT_EQ(write_response(response, false, false), head + "ok\n");
  EXPECT_EQ(write_response(response, false, true), head);
}

TEST(Router, FindsTheHandlerOrSaysWhatThereIs) {
  io::SimulatedWorld world;
  const auto executor = world.threads().start({.name = "http"});
  Router router;
  io::Completion<Response> waiting;
  router.get_later("/later", [&](const Request&, io::Executor&, io::Completion<Response> done) {
    waiting = std::move(done);
  });
  router.get("/healthz", [](const Request&) { return Response{.body = "ok"}; });
  const auto ask = [&](std::string method, std::string path) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    std::optional<Response> answered;
    router.handle(request, *executor, [&](Response response) { answered = std::move(response); });
    if (!answered) std::exchange(waiting, nullptr)(Response{.body = "late"});
    return *answered;
  };
  EXPECT_EQ(ask("GET", "/later").body, "late");
  EXPECT_EQ(ask("GET", "/healthz").body, "ok");
  EXPECT_EQ(ask("HEAD", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/health").status, 404);
  EXPECT_NE(ask("GET", "/health").body.find("/healthz"), std::string::npos);
  const Response wrong = ask("POST", "/healthz");
  EXPECT_EQ(wrong.status, 405);
  ASSERT_EQ(wrong.headers.size(), 1U);
  EXPECT_EQ(wrong.headers[0].second, "GET");
}

}  // namespace
}  // namespace millrace::http
