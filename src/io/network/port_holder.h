#pragma once

#include <cstdint>
#include <string>

namespace millrace::io {

// Which program listens at the port, as far as the system tells it: "process 1234 (java)"; else
// "another program". Reads /proc.
std::string port_holder(uint16_t port);

}  // namespace millrace::io
