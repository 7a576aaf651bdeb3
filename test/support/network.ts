export {
  askAll,
  type ExampleNetwork as TestNetwork,
  exampleNetwork as testNetwork,
  refused,
  type Sent,
  sentAs,
} from "../../src/registry/example_network.ts";
