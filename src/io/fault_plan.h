#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace millrace::io {

enum class FileCall : uint8_t {
  kAny,
  kOpen,
  kStat,
  kList,
  kMakeFolders,
  kRename,
  kRemove,
  kSyncFolder,
  kLock,
  kRead,
  kWrite,
  kSync,
  kSize,
  kTruncate,
  kDropCache,
};

// What a crash leaves behind.
enum class CrashMode : uint8_t {
  kProcess,       // kill -9: the system lives on, so nothing written is lost
  kLoseUnsynced,  // power loss: exactly what was synced is there
  kTear,  // power loss: of what was not synced, some sectors (512 bytes) or blocks (4 KiB), and
          // some of the latest names, made it, as the seed wills
};

enum class FaultEffect : uint8_t {
  kFail,       // returns `code`, nothing done; a failed sync leaves pages that no later sync writes
  kCrash,      // the machine crashes during the call; every call fails until recover()
  kMisdirect,  // a write that succeeds, at a wrong offset of the same file
  kSlow,       // takes `slow_ns` of simulated time, then succeeds
};

// Fault: what shall go wrong, once or from then on. Immutable.
struct Fault {
  FileCall call = FileCall::kAny;
  uint64_t nth = 1;       // of the matching calls from now on; 1 = the next
  bool lasting = false;   // the ones after the nth, too
  std::string path_part;  // only paths that contain it
  FaultEffect effect = FaultEffect::kFail;
  ErrorCode code = ErrorCode::kIoFailed;
  CrashMode crash = CrashMode::kTear;
  int64_t slow_ns = 0;
};

enum class NetworkCall : uint8_t { kAny, kConnect, kRead, kWrite };

enum class NetworkEffect : uint8_t {
  kCut,      // both ends lose the connection, and what is under way; a connect is refused
  kSilence,  // nothing arrives any more at either end; after some minutes each gives up
  kSlow,     // it takes `slow_ns` longer: a late connect, a slow reader, a slow way
};

// NetworkFault: as Fault, for connections. Immutable.
struct NetworkFault {
  NetworkCall call = NetworkCall::kAny;
  uint64_t nth = 1;      // of the matching calls from now on; 1 = the next
  bool lasting = false;  // the ones after the nth, too
  uint16_t port = 0;     // of the listener; 0: any
  NetworkEffect effect = NetworkEffect::kCut;
  int64_t slow_ns = 0;
};

}  // namespace millrace::io
