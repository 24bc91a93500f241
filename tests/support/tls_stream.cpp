#include "support/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <string>

namespace inference_exp::testing {

namespace {

void add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  if (extension == nullptr || X509_add_ext(certificate, extension, -1) != 1) {
    X509_EXTENSION_free(extension);
    throw std::runtime_error("The test certificate can't be made.");
  }
  X509_EXTENSION_free(extension);
}

std::unique_ptr<X509, TlsFree> self_signed(EVP_PKEY* key, const std::string& names) {
  std::unique_ptr<X509, TlsFree> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const std::string common_name = "localhost";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), NID_subject_alt_name, names.c_str());
  if (X509_sign(certificate.get(), key, EVP_sha256()) == 0) {
    throw std::runtime_error("The test certificate can't be signed.");
  }
  return certificate;
}

}  // namespace

TlsIdentity::TlsIdentity(const std::string& names)
    : key_(EVP_EC_gen("P-256")),
      certificate_(self_signed(key_.get(), names)),
      context_(SSL_CTX_new(TLS_server_method())) {
  if (SSL_CTX_use_certificate(context_.get(), certificate_.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context_.get(), key_.get()) != 1) {
    throw std::runtime_error("The test certificate can't be used.");
  }
}

std::shared_ptr<const TlsIdentity> make_tls_identity(const std::string& names) {
  return std::make_shared<const TlsIdentity>(names);
}

std::string certificate_pem(const TlsIdentity& identity) {
  const std::unique_ptr<BIO, TlsFree> memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), identity.certificate());
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

TlsStream::TlsStream(const TlsIdentity& identity, int socket) : connection_(SSL_new(identity.context())) {
  SSL_set_fd(connection_.get(), socket);
}

bool TlsStream::handshake() { return SSL_accept(connection_.get()) == 1; }

std::ptrdiff_t TlsStream::receive(std::span<char> into) {
  return SSL_read(connection_.get(), into.data(), static_cast<int>(into.size()));
}

std::ptrdiff_t TlsStream::send(std::span<const std::byte> bytes) {
  return SSL_write(connection_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace inference_exp::testing
