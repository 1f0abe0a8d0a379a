#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "http/message.h"
#include "io/executor.h"

namespace millrace::http {

// Answers at once; called on the connection's executor.
using Handler = std::function<Response(const Request&)>;
// Answers later, on the executor that it is given, once; called on it. One that drops `done` leaves
// the client to wait until its connection is idle for too long.
using LaterHandler =
    std::function<void(const Request&, io::Executor& executor, io::Completion<Response> done)>;

// Router: paths to handlers. Immutable once it serves.
class Router {
 public:
  // GET, and HEAD with it.
  void get(std::string path, Handler handler) { add("GET", std::move(path), std::move(handler)); }
  void get_later(std::string path, LaterHandler handler);
  void add(std::string method, std::string path, Handler handler);

  // 404 for a path that is not there, 405 with Allow for another method. `done` may run at once.
  void handle(const Request& request, io::Executor& executor, io::Completion<Response> done) const;

 private:
  std::map<std::string, std::map<std::string, LaterHandler, std::less<>>, std::less<>> routes_;
};

}  // namespace millrace::http
