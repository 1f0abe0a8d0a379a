#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "http/message.h"

namespace millrace::http {

// Answers at once; called on the connection's executor.
using Handler = std::function<Response(const Request&)>;

// Router: paths to handlers. Immutable once it serves.
class Router {
 public:
  // GET, and HEAD with it.
  void get(std::string path, Handler handler) { add("GET", std::move(path), std::move(handler)); }
  void add(std::string method, std::string path, Handler handler);

  // 404 for a path that is not there, 405 with Allow for another method.
  Response handle(const Request& request) const;

 private:
  std::map<std::string, std::map<std::string, Handler, std::less<>>, std::less<>> routes_;
};

}  // namespace millrace::http
