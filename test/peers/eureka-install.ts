import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, installed } from './cache.js';

const MAVEN = ['-B', '-ntp', '-q'];
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';
const NETFLIX = 'com.netflix.eureka:eureka-server:1.10.1:war';
const JETTY = 'org.eclipse.jetty:jetty-runner:9.4.58.v20250814';

export interface NetflixEureka {
  readonly war: string;
  readonly jetty: string;
}

/** Netflix's own server, and the Jetty that it runs in. */
export async function installNetflixEureka(): Promise<NetflixEureka> {
  const folder = await installed('eureka-netflix-1.10.1', async (empty) => {
    for (const artifact of [NETFLIX, JETTY]) {
      const where = [`-DoutputDirectory=${empty}`, '-Dmdep.stripVersion=true'];
      await command('mvn', [...MAVEN, COPY, `-Dartifact=${artifact}`, ...where], { cwd: empty });
    }
  });
  return { war: join(folder, 'eureka-server.war'), jetty: join(folder, 'jetty-runner.jar') };
}

/** Spring Cloud's server with Basic authentication, built here: upstream publishes a library only. */
export async function installSpringEureka(): Promise<string> {
  const folder = await installed('eureka-spring-5.0.2', async (empty) => {
    const sources = join(empty, 'src/main/java/peer');
    mkdirSync(sources, { recursive: true });
    writeFileSync(join(empty, 'pom.xml'), POM);
    writeFileSync(join(sources, 'Server.java'), SERVER);
    await command('mvn', [...MAVEN, 'package'], { cwd: empty });
    copyFileSync(join(empty, 'target/eureka.jar'), join(empty, 'eureka.jar'));
    for (const part of ['src', 'target']) rmSync(join(empty, part), { recursive: true });
  });
  return join(folder, 'eureka.jar');
}

const POM = `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>4.0.7</version>
    <relativePath/>
  </parent>
  <groupId>peer</groupId>
  <artifactId>eureka</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
  </properties>
  <dependencyManagement>
    <dependencies>
      <dependency>
        <groupId>org.springframework.cloud</groupId>
        <artifactId>spring-cloud-dependencies</artifactId>
        <version>2025.1.2</version>
        <type>pom</type>
        <scope>import</scope>
      </dependency>
    </dependencies>
  </dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>org.springframework.cloud</groupId>
      <artifactId>spring-cloud-starter-netflix-eureka-server</artifactId>
    </dependency>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-security</artifactId>
    </dependency>
  </dependencies>
  <build>
    <finalName>eureka</finalName>
    <plugins>
      <plugin>
        <groupId>org.springframework.boot</groupId>
        <artifactId>spring-boot-maven-plugin</artifactId>
      </plugin>
    </plugins>
  </build>
</project>
`;

const SERVER = `package peer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;

@SpringBootApplication
@EnableEurekaServer
public class Server {
  public static void main(String[] args) {
    SpringApplication.run(Server.class, args);
  }

  @Bean
  SecurityFilterChain basicOnly(HttpSecurity http) throws Exception {
    return http
        .csrf(csrf -> csrf.disable())
        .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .httpBasic(Customizer.withDefaults())
        .build();
  }
}
`;
