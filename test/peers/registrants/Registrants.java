package peer;

import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryForever;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.model.FrameworkModel;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Services that register themselves with the real libraries: one line of standard input for each command.
 * {@code start ID KIND key=value …} answers {@code started ID PORT}, {@code stop ID} answers {@code stopped ID}.
 */
public final class Registrants {
    private interface Registrant {
        int port();

        void stop() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        Map<String, Registrant> running = new HashMap<>();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            List<String> words = new ArrayList<>(List.of(line.trim().split(" ")));
            String verb = words.remove(0);
            String id = words.remove(0);
            Registrant stopping = running.get(id);
            Runnable command = () -> {
                try {
                    if (verb.equals("start")) {
                        Registrant started = start(id, words.remove(0), options(words));
                        running.put(id, started);
                        System.out.println("started " + id + " " + started.port());
                    } else {
                        stopping.stop();
                        System.out.println("stopped " + id);
                    }
                } catch (Throwable thrown) {
                    thrown.printStackTrace();
                    System.out.println("failed " + id + " " + thrown);
                }
            };
            // Some take ten seconds to end.
            if (verb.equals("start")) command.run();
            else new Thread(command).start();
        }
        System.exit(0);
    }

    private static Map<String, String> options(List<String> words) {
        Map<String, String> options = new LinkedHashMap<>();
        for (String word : words) {
            int at = word.indexOf('=');
            options.put(word.substring(0, at), word.substring(at + 1));
        }
        return options;
    }

    private static Registrant start(String id, String kind, Map<String, String> options) throws Exception {
        return switch (kind) {
            case "spring" -> spring(id, options);
            case "curator" -> curator(id, options);
            case "dubbo" -> dubbo(id, options);
            default -> throw new IllegalArgumentException(kind);
        };
    }

    /** An application of Spring Boot; the options are its properties. */
    private static Registrant spring(String id, Map<String, String> options) {
        List<String> properties = new ArrayList<>();
        properties.add("registrant.name=" + id);
        for (Map.Entry<String, String> option : options.entrySet())
            properties.add(option.getKey() + "=" + option.getValue());
        var context = new SpringApplicationBuilder(Application.class)
            .properties(properties.toArray(String[]::new))
            .registerShutdownHook(false)
            .run();
        int port = context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
        return registrant(port, context::close);
    }

    @SpringBootConfiguration
    @EnableAutoConfiguration
    @RestController
    public static class Application {
        @Value("${registrant.name}")
        private String name;

        @GetMapping("/**")
        ResponseEntity<String> answer() {
            return ResponseEntity.ok().header("x-service", name).body(name);
        }
    }

    /** `hosts`, `base`, `service`; everything else is the payload. */
    private static Registrant curator(String id, Map<String, String> options) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.getResponseHeaders().add("x-service", id);
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        int port = server.getAddress().getPort();
        CuratorFramework client =
            CuratorFrameworkFactory.newClient(options.remove("hosts"), 2_000, 2_000, new RetryForever(200));
        client.start();
        Map<String, String> payload = new LinkedHashMap<>(options);
        String base = payload.remove("base");
        ServiceInstance<Map> self = ServiceInstance.<Map>builder()
            .name(payload.remove("service"))
            .address("127.0.0.1")
            .port(port)
            .payload(payload)
            .build();
        ServiceDiscovery<Map> discovery = ServiceDiscoveryBuilder.builder(Map.class)
            .client(client)
            .basePath(base)
            .thisInstance(self)
            .build();
        discovery.start();
        return registrant(port, () -> {
            discovery.close();
            client.close();
            server.stop(0);
        });
    }

    /** A class with a name: of a lambda Dubbo finds no methods. */
    public static final class Named implements Greeter {
        private final String name;

        Named(String name) {
            this.name = name;
        }

        @Override
        public String greet(String greeted) {
            return name;
        }
    }

    /** `application`, `registry`, `mode`, `protocol`, `port`, `weight`; everything else are parameters of the service. */
    private static Registrant dubbo(String id, Map<String, String> options) {
        FrameworkModel framework = new FrameworkModel();
        int port = Integer.parseInt(options.remove("port"));
        ApplicationConfig application = new ApplicationConfig(options.remove("application"));
        application.setQosEnable(false);
        application.setRegisterMode(options.remove("mode"));
        RegistryConfig registry = new RegistryConfig(options.remove("registry"));
        registry.setTimeout(10_000);
        registry.setParameters(Map.of("zk.session.expire", "2000"));
        ProtocolConfig protocol = new ProtocolConfig(options.remove("protocol"), port);
        ServiceConfig<Greeter> service = new ServiceConfig<>();
        service.setInterface(Greeter.class);
        service.setRef(new Named(id));
        service.setWeight(Integer.valueOf(options.remove("weight")));
        service.setParameters(options);
        DubboBootstrap bootstrap = DubboBootstrap.newInstance(framework)
            .application(application)
            .registry(registry)
            .protocol(protocol)
            .service(service)
            .start();
        return registrant(port, () -> {
            bootstrap.stop();
            framework.destroy();
        });
    }

    private interface Stop {
        void run() throws Exception;
    }

    private static Registrant registrant(int port, Stop stop) {
        return new Registrant() {
            @Override
            public int port() {
                return port;
            }

            @Override
            public void stop() throws Exception {
                stop.run();
            }
        };
    }
}
