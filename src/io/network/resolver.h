#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "io/network/network.h"
#include "io/network/socket.h"

namespace millrace::io {

// Resolver: looks up names on a thread of its own, for the system's calls block.
//
// Threading:  synchronised inside.
// Ownership:  outlives the loops that ask.
class Resolver {
 public:
  using Answer = Completion<Result<std::vector<SocketAddress>>>;
  Resolver() = default;
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` runs on `asker`, later. One after another.
  void look_up(const Address& address, Loop& asker, Answer done);
  // Drops what `asker` has asked: it is about to end.
  void forget(const Loop& asker);

 private:
  struct Question {
    Loop* asker;
    Answer done;
  };
  using Questions = std::list<Question>;
  void answer(Questions::iterator question, Result<std::vector<SocketAddress>> found);

  std::mutex mutex_;
  Questions open_;
  Questions forgotten_;               // their look-up is still under way
  std::unique_ptr<Executor> thread_;  // once it is needed
};

}  // namespace millrace::io
