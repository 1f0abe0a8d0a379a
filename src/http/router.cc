#include "http/router.h"

#include <fmt/core.h>

namespace millrace::http {

void Router::add(std::string method, std::string path, Handler handler) {
  routes_[std::move(path)][std::move(method)] = [handler = std::move(handler)](
                                                    const Request& request, io::Executor&,
                                                    auto done) { done(handler(request)); };
}

void Router::get_later(std::string path, LaterHandler handler) {
  routes_[std::move(path)]["GET"] = std::move(handler);
}

void Router::handle(const Request& request, io::Executor& executor,
                    io::Completion<Response> done) const {
  const auto route = routes_.find(request.path);
  if (route == routes_.end()) {
    std::string paths;
    for (const auto& [path, methods] : routes_) paths += " " + path;
    return done(
        error_response(404, fmt::format("there is no {}; there are{}", request.path, paths)));
  }
  const std::string_view method =
      request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  const auto handler = route->second.find(method);
  if (handler != route->second.end()) {
    return handler->second(request, executor, std::move(done));
  }
  Response response = error_response(405, fmt::format("{} is not for {}", request.path, method));
  std::string allowed;
  for (const auto& [name, unused] : route->second) allowed += (allowed.empty() ? "" : ", ") + name;
  response.headers.emplace_back("Allow", std::move(allowed));
  done(std::move(response));
}

}  // namespace millrace::http
