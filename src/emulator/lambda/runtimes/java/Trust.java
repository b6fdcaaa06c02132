package sortie.runtime;

import java.io.BufferedInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.Provider;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.TrustManagerFactorySpi;

/**
 * Certificates are checked against the system's trust store, a PEM file, where a JDK would take one of its own. It is read when the
 * first connection asks for it.
 */
final class Trust extends Provider {
  private static final String SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt";

  private Trust() {
    super("Sortie", 1.0, "the system's trust store");
    put("TrustManagerFactory.PKIX", Factory.class.getName());
  }

  /** Nothing where the function chose a trust store itself. */
  static void install() {
    if (System.getProperty("javax.net.ssl.trustStore") == null && store().canRead()) {
      Security.insertProviderAt(new Trust(), 1);
    }
  }

  private static File store() {
    String chosen = System.getenv("SSL_CERT_FILE");
    return new File(chosen == null || chosen.isEmpty() ? SYSTEM_STORE : chosen);
  }

  /** The JDK's own, with that store where the caller names none. Made by the security framework. */
  public static final class Factory extends TrustManagerFactorySpi {
    private final TrustManagerFactory actual;

    public Factory() throws GeneralSecurityException {
      actual = TrustManagerFactory.getInstance("PKIX", "SunJSSE");
    }

    @Override
    protected void engineInit(KeyStore store) throws KeyStoreException {
      try {
        actual.init(store == null ? read() : store);
      } catch (IOException | GeneralSecurityException failure) {
        throw new KeyStoreException(Trust.store() + ": " + failure.getMessage(), failure);
      }
    }

    @Override
    protected void engineInit(ManagerFactoryParameters parameters) throws InvalidAlgorithmParameterException {
      actual.init(parameters);
    }

    @Override
    protected TrustManager[] engineGetTrustManagers() {
      return actual.getTrustManagers();
    }

    private static KeyStore read() throws IOException, GeneralSecurityException {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      CertificateFactory certificates = CertificateFactory.getInstance("X.509");
      int number = 0;
      try (InputStream in = new BufferedInputStream(Files.newInputStream(Trust.store().toPath()))) {
        for (Certificate each : certificates.generateCertificates(in)) {
          trusted.setCertificateEntry("system-" + number++, each);
        }
      }
      return trusted;
    }
  }
}
