// The server side of TLS for http_server.cpp.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "support/http_server.hpp"

namespace inference_exp::testing {

struct TlsFree {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* connection) const noexcept { SSL_free(connection); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(BIO* stream) const noexcept { BIO_free(stream); }
};

class TlsIdentity {
 public:
  explicit TlsIdentity(const std::string& names);
  [[nodiscard]] SSL_CTX* context() const noexcept { return context_.get(); }
  [[nodiscard]] X509* certificate() const noexcept { return certificate_.get(); }

 private:
  std::unique_ptr<EVP_PKEY, TlsFree> key_;
  std::unique_ptr<X509, TlsFree> certificate_;
  std::unique_ptr<SSL_CTX, TlsFree> context_;
};

/// Over a socket that stays the caller's.
class TlsStream {
 public:
  TlsStream(const TlsIdentity& identity, int socket);
  [[nodiscard]] bool handshake();
  [[nodiscard]] std::ptrdiff_t receive(std::span<char> into);
  [[nodiscard]] std::ptrdiff_t send(std::span<const std::byte> bytes);

 private:
  std::unique_ptr<SSL, TlsFree> connection_;
};

}  // namespace inference_exp::testing
