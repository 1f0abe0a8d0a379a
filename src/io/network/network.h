#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "io/executor.h"
#include "io/network/address.h"

namespace millrace::io {

// Loop: an executor that waits for connections as well as for tasks, made by Network::start_loop.
//
// Ownership:  the caller owns it. Destroying it closes what is confined to it and drops the answers
//             that have not come, with all that they own; streams left over may be destroyed later.
class Loop : public Executor {};

// Stream: one connection.
//
// Threading:  confined to its loop; completions run there, never inside the call.
// Ownership:  the bytes to read into live until the answer. Destroying a stream, also in one of its
//             completions, closes it and drops the answers that have not come.
// Order:      one read at a time; writes go out in the order of the calls.
// Failure:    kIoFailed: the connection is lost. kCancelled: it was closed here.
class Stream {
 public:
  virtual ~Stream() = default;
  // At least one byte; 0: the peer has sent all that it will. REQUIRES: room for a byte.
  virtual void read(std::span<std::byte> into, Completion<Result<size_t>> done) = 0;
  // Without a copy; done when the system has all of it.
  virtual void write(std::vector<Buffer> chain, Completion<Result<void>> done) = 0;
  // After what was written the peer reads 0. Reading goes on, so that a last answer is not lost by
  // a close() while the peer still sends.
  virtual void shutdown() = 0;
  // At once: what the system has not taken is not sent, and what the peer sends is refused.
  virtual void close() = 0;
  virtual Address local() const = 0;
  virtual Address peer() const = 0;
};
using StreamPtr = std::unique_ptr<Stream>;

// Listener: a port that takes connections. Destroying it closes the port; from no loop's task, for
// it waits until nobody is being accepted: then Accept does not run any more.
class Listener {
 public:
  virtual ~Listener() = default;
  // With the port that was taken; the first, if the name stands for several addresses.
  virtual Address local() const = 0;
};
using ListenerPtr = std::unique_ptr<Listener>;

// Runs on the loop that the stream is confined to; on several at once, if there are several.
using Accept = std::function<void(StreamPtr stream, Loop& loop)>;

// Network: the one place where connections are made. TCP without delay (Nagle's), with keepalive: a
// peer that has gone without a word is an Error after some minutes.
//
// Threading:  synchronised inside; start_loop and listen block, and are not called from a loop.
// Ownership:  outlives its loops, and they their listeners.
class Network {
 public:
  virtual ~Network() = default;
  virtual std::unique_ptr<Loop> start_loop(ThreadOptions options) = 0;
  // Every address that `address` stands for (localhost: 127.0.0.1 and ::1; no host: all that the
  // machine has), at one port. Connections go to the loops in turn. Accepting survives every
  // failure: without free descriptors it pauses and goes on.
  // kPortInUse, with who listens there, if that can be known; kInvalidOption: the host is not
  // known; kPermissionDenied; kIoFailed.
  // REQUIRES: loops of this network, at least one.
  virtual Result<ListenerPtr> listen(const Address& address, std::vector<Loop*> loops,
                                     Accept on_accept) = 0;
  // To the first of the addresses that answers. kIoFailed, kInvalidOption: the host is not known.
  // REQUIRES: a loop of this network.
  virtual void connect(const Address& address, Loop& loop, Completion<Result<StreamPtr>> done) = 0;
};

}  // namespace millrace::io
