// What users may name. Everything else is internal and may change. Loaded lazily: see scripts/lazy-exports.mjs.
export { IRegisteredModel, RegisteredModel, RegisteredModelAttributes, RegisteredModelProps } from './model/registered-model';
export { DirectoryModelOptions, ModelSource } from './model/model-source';

export { IInferenceImage, InferenceImage, InferenceImageProps } from './image/inference-image';
export { InferenceConfig } from './image/inference-config';
export {
  InferenceConfigOptions,
  JavaScriptInferenceOptions,
  OnnxInferenceOptions,
  PythonInferenceOptions,
  PythonRuntime,
  ScriptInferenceOptions,
} from './image/inference-options';
export { DockerBuildOptions, ImageBuild } from './image/image-build';
export { PushLogin } from './image/push-login';
export { ImagePlatform } from './image/image-platform';

export { FromProfileOptions } from './sizing/from-profile';
export { ComputeSize, Sizing } from './sizing/sizing';

export {
  ContainerRegistry,
  ContainerRegistryAttributes,
  ContainerRegistryLookup,
  ContainerRegistryProps,
  IContainerRegistry,
  RegistrySku,
} from './workspace/container-registry';
export { IModelStore, ModelStore, ModelStoreAttributes, ModelStoreProps } from './workspace/model-store';
export {
  InsightsComponent,
  IWorkspace,
  LockLevel,
  LogAnalytics,
  PullIdentity,
  WorkspaceAttributes,
  WorkspaceLookup,
  WorkspaceOutputOptions,
  WorkspaceProps,
} from './workspace/workspace-props';
export { Workspace } from './workspace/workspace';
export { AzureMlWorkspaceOptions } from './workspace/azure-ml-workspace';

export { IWebservice, WebserviceOutputOptions } from './webservice/webservice';
export { AccessLog, StatusCodes, WebserviceProps } from './webservice/webservice-props';
export { Auth, KeyAuthOptions } from './webservice/auth';
export { EntraAuthOptions } from './webservice/entra-auth';
export {
  CollectionFormat,
  ContainerCollectionOptions,
  DataCollection,
  DataCollectionOptions,
} from './webservice/data-collection';
export { ProbeOptions, ServiceProbes } from './webservice/probe';
export { Tls, TlsPemOptions } from './webservice/tls';
export { WebserviceDefaults, WebserviceDefaultValues } from './webservice/webservice-defaults';
export { ContainerSecurity } from './webservice/container-security';
export { LocalWebservice, LocalWebserviceProps } from './webservice/local-webservice';
export { AciWebservice } from './webservice/aci-webservice';
export { AciIpAddressType, AciRestartPolicy, AciWebserviceAttributes, AciWebserviceProps } from './webservice/aci-props';
export { AksWebservice, AksWebserviceAttributes, AksWebserviceProps } from './webservice/aks-webservice';
export { AksCluster, AksClusterAttributes, AksClusterLookup, IAksCluster } from './webservice/aks-cluster';
export { AksExposure, InternalLoadBalancerOptions, PublicLoadBalancerOptions } from './webservice/aks-exposure';
export { AksToleration } from './webservice/aks-pod';
export { Autoscale, AutoscaleOptions } from './webservice/autoscale';
export { NetworkIsolation } from './webservice/aks-isolation';

export { IotEdgeModule } from './edge/iot-edge-module';
export {
  EdgeImagePullPolicy,
  EdgeModuleStatus,
  EdgeRestartPolicy,
  EdgeRouteOptions,
  IotEdgeModuleOutputOptions,
  IotEdgeModuleProps,
} from './edge/iot-edge-props';

export { ConstructDependencies } from './core/construct-dependencies';
