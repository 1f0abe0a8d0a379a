#include "io/network/port_holder.h"

#include <fmt/core.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

namespace millrace::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kListening = "0A";  // the column `st`

// What links of open descriptors say of the sockets that listen at the port: "socket:[4711]".
// Source: proc_pid_net(5), the files tcp and tcp6.
std::set<std::string> listening_sockets(const char* table, uint16_t port) {
  std::set<std::string> found;
  std::ifstream lines(table);
  const std::string wanted = fmt::format(":{:04X}", port);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    if (state == kListening && local.ends_with(wanted)) {
      found.insert(fmt::format("socket:[{}]", inode));
    }
  }
  return found;
}

bool holds(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code failed;
  for (fs::directory_iterator next(process / "fd", failed), end; !failed && next != end;
       next.increment(failed)) {
    std::error_code gone;
    const fs::path target = fs::read_symlink(next->path(), gone);
    if (!gone && sockets.contains(target.string())) return true;
  }
  return false;
}

std::string described(int pid, const fs::path& process) {
  if (pid == getpid()) return "this process itself";
  std::string command;
  std::getline(std::ifstream(process / "comm"), command);
  return command.empty() ? fmt::format("process {}", pid)
                         : fmt::format("process {} ({})", pid, command);
}

}  // namespace

std::string port_holder(uint16_t port) {
  std::set<std::string> sockets = listening_sockets("/proc/net/tcp", port);
  sockets.merge(listening_sockets("/proc/net/tcp6", port));
  std::error_code failed;
  for (fs::directory_iterator next("/proc", failed), end; !failed && next != end;
       next.increment(failed)) {
    const std::string name = next->path().filename();
    int pid = 0;
    const auto [stopped, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong != std::errc() || *stopped != '\0') continue;
    if (holds(next->path(), sockets)) return described(pid, next->path());
  }
  return "another program";
}

}  // namespace millrace::io
